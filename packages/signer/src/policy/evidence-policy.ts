/** Whether an image names the documents that its product demands. Pure. */
import type { Firmware } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { ProductPolicy } from '../store/product-policy.ts';

/** @throws SignerError `evidence-missing` */
export function checkNamed({ sbom, provenance }: Firmware, path: string, policy: ProductPolicy): void {
  if (policy.sbom === 'required' && !sbom) throw missing(path, 'an SBOM', 'sbom');
  if (policy.provenance?.required === true && !provenance) throw missing(path, 'provenance', 'provenance');
}

function missing(path: string, what: string, option: string): SignerError {
  return new SignerError(
    'evidence-missing',
    `The product demands ${what} of its releases, and ${path} has none: name its file (${option}).`,
  );
}
