/** A product's descriptor: each version a signed target of its own, so that what owners were once promised stays on record. */
import { hash } from 'node:crypto';
import {
  channelRole,
  formatTargetPath,
  jsonParser,
  LIMITS,
  Product,
  PRODUCT_COMPONENT,
  PRODUCT_FILE,
  PRODUCT_SCHEMA,
  type ProductEntry,
} from '@tidegate/protocol';
import { instant } from '../clock.ts';
import { checkDescription } from '../policy/description-policy.ts';
import { promisedBy, shortensSupport } from '../policy/support-policy.ts';
import { SignerError } from '../signer-error.ts';
import { current, writeDraft } from '../store/store.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';
import { checkDelegated } from './delegated.ts';
import { type Editing, nextTargets, unsigned } from './next-list.ts';
import { checkNotRetired } from './retired.ts';
import { withTargets } from './with-targets.ts';

export type ProductRequest = Omit<Product, 'format' | 'revision'>;

export interface ProductResult {
  readonly path: string;
  readonly role: string;
  readonly revision: number;
  /** False where the newest descriptor says the very same. */
  readonly added: boolean;
  /** The support period gets shorter: two people must sign. */
  readonly twoPeople: boolean;
}

const parseProduct = jsonParser(Product);

/** @throws SignerError `role-unknown`, `role-retired`, `document-invalid`, `too-many-targets` */
export async function describeProduct(editing: Editing, request: ProductRequest): Promise<ProductResult> {
  const { store, now } = editing;
  const { product, channel } = request;
  const role = channelRole(product, channel);
  await checkDelegated(store, role, product, channel);
  const inForce = (await current(store, role, parseTargets))?.signed;
  const list = await nextTargets(editing, role);
  checkNotRetired(role, list);

  const newest = promisedBy(list);
  if (newest && saysTheSame(list, newest.path, request)) {
    const { path, revision } = newest;
    return { path, role, revision, added: false, twoPeople: shortensSupport(inForce, list) };
  }
  const base = promisedBy(inForce);
  const revision = (base?.revision ?? 0) + 1;
  const path = formatTargetPath({
    product,
    channel,
    component: PRODUCT_COMPONENT,
    version: String(revision),
    file: PRODUCT_FILE,
  });
  const bytes = descriptorBytes(request, revision);
  const entry: ProductEntry = {
    schema: PRODUCT_SCHEMA,
    kind: 'product',
    component: PRODUCT_COMPONENT,
    version: String(revision),
    supportEnds: request.supportEnds,
    releasedAt: instant(now()),
  };
  checkDescription(entry, path);
  const artifact = await editing.intake.bytes(bytes);
  const target = { length: artifact.lengthBytes, hashes: { sha256: artifact.sha256 }, custom: { ...entry } };
  const next = withTargets(list, { [path]: target });
  await writeDraft(store, role, unsigned(next));
  return { path, role, revision, added: true, twoPeople: shortensSupport(inForce, next) };
}

function descriptorBytes(request: ProductRequest, revision: number): Buffer {
  const descriptor: Product = { format: 'tidegate-product-1', revision: String(revision), ...request };
  const bytes = Buffer.from(`${JSON.stringify(descriptor, null, 2)}\n`);
  if (bytes.length > LIMITS.productBytes) {
    throw new SignerError('document-invalid', `The descriptor has ${bytes.length} bytes; ${LIMITS.productBytes} fit.`);
  }
  readDescriptor(bytes, PRODUCT_FILE);
  return bytes;
}

/** @throws SignerError `document-invalid` */
export function readDescriptor(bytes: Uint8Array, name: string): Product {
  const parsed = parseProduct(Buffer.from(bytes).toString('utf8'));
  if (parsed.ok) return parsed.value;
  throw new SignerError('document-invalid', `${name}: ${parsed.fault.path || 'it'} ${parsed.fault.message}.`);
}

function saysTheSame(list: TargetsSigned, path: string, request: ProductRequest): boolean {
  const target = list.targets[path];
  const { kind, entry } = checkDescription(target?.custom, path);
  if (!target || kind !== 'product') return false;
  return hash('sha256', descriptorBytes(request, Number(entry.version)), 'hex') === target.hashes.sha256;
}
