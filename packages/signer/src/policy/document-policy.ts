/** Images and the documents beside them: each that an image names is listed with its hash, and none lies there unnamed. Pure. */
import { type DocumentKind, type DocumentRef, type Firmware, formatTargetPath } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { checkDescription } from './description-policy.ts';

type Targets = TargetsSigned['targets'];

/** The documents that an image names, by kind. */
export function namedDocuments(firmware: Firmware): [DocumentKind, DocumentRef][] {
  const { sbom, provenance, longNotes } = firmware;
  return [
    ...(sbom ? [['sbom', sbom] satisfies [DocumentKind, DocumentRef]] : []),
    ...(provenance ? [['provenance', provenance] satisfies [DocumentKind, DocumentRef]] : []),
    ...(longNotes ? [['notes', longNotes] satisfies [DocumentKind, DocumentRef]] : []),
  ];
}

/** Documents that no image but those in `leaving` names, and that are not in it themselves. */
export function documentsOf(targets: Targets, leaving: readonly string[]): string[] {
  const staying = Object.fromEntries(Object.entries(targets).filter(([path]) => !leaving.includes(path)));
  const named = new Set(namings(staying).map(n => n.path));
  return Object.keys(staying).filter(
    path => checkDescription(staying[path]?.custom, path).kind === 'document' && !named.has(path),
  );
}

/** @throws SignerError `metadata-invalid` */
export function checkDocuments(role: string, targets: Targets): void {
  const all = namings(targets);
  for (const { image, path, kind, sha256 } of all) {
    const target = Object.hasOwn(targets, path) ? targets[path] : undefined;
    const described = target && checkDescription(target.custom, path);
    if (described?.kind === 'document' && described.entry.kind === kind && target?.hashes.sha256 === sha256) continue;
    throw new SignerError(
      'metadata-invalid',
      `${role}: ${image} names ${path} as its ${kind}, but it is not listed so.`,
    );
  }
  const [stray] = documentsOf(targets, []);
  if (stray === undefined) return;
  throw new SignerError('metadata-invalid', `${role} lists ${stray}, which no image names.`);
}

function namings(targets: Targets) {
  return Object.entries(targets).flatMap(([image, { custom }]) => {
    const described = checkDescription(custom, image);
    if (described.kind !== 'firmware') return [];
    return namedDocuments(described.entry).map(([kind, { file, sha256 }]) => ({
      image,
      kind,
      sha256,
      path: formatTargetPath({ ...described.at, file }),
    }));
  });
}
