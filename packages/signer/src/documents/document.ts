/** Documents beside an image, read and recognised before anything is listed. */
import { hash } from 'node:crypto';
import { basename } from 'node:path';
import { DOCUMENT_SCHEMA, type DocumentEntry, type DocumentKind, type DocumentRef, LIMITS } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import { type Provenance, readProvenance } from './provenance.ts';
import { sbomFormat } from './sbom.ts';

/** Paths on the disk. */
export interface DocumentFiles {
  readonly sbom?: string | undefined;
  readonly provenance?: string | undefined;
  /** Notes that are too long for the description. */
  readonly notesFile?: string | undefined;
}

/** Which kind of document is named by what. */
export const DOCUMENT_FILES = [
  ['sbom', 'sbom'],
  ['provenance', 'provenance'],
  ['notes', 'notesFile'],
] as const satisfies readonly (readonly [DocumentKind, keyof DocumentFiles])[];

export interface ReadDocument {
  readonly kind: DocumentKind;
  readonly ref: DocumentRef;
  readonly format: string;
  readonly bytes: Buffer;
  /** Of kind `provenance`. */
  readonly provenance?: Provenance;
}

/**
 * @param image path of the image, whose name no document can have.
 * @throws SignerError `document-invalid`, `file-unreadable`
 */
export async function readDocuments(files: DocumentFiles, image: string): Promise<ReadDocument[]> {
  const documents: ReadDocument[] = [];
  const names = new Set([basename(image)]);
  for (const [kind, key] of DOCUMENT_FILES) {
    const path = files[key];
    if (path === undefined) continue;
    const name = basename(path);
    if (names.has(name)) throw new SignerError('document-invalid', `Two files of the release are named ${name}.`);
    names.add(name);
    documents.push(await readDocument(kind, path));
  }
  return documents;
}

/** @throws SignerError `document-invalid`, `file-unreadable` */
export async function readDocument(kind: DocumentKind, path: string): Promise<ReadDocument> {
  const bytes = await readBounded(path, LIMITS.documentBytes);
  if (!bytes) throw new SignerError('file-unreadable', `There is no file ${path}.`);
  if (bytes.length === 0) throw new SignerError('document-invalid', `${path} is empty.`);
  const file = basename(path);
  const ref = { file, sha256: hash('sha256', bytes, 'hex') };
  if (kind === 'sbom') return { kind, ref, bytes, format: sbomFormat(bytes, file) };
  if (kind === 'notes') return { kind, ref, bytes, format: textFormat(bytes, file) };
  return { kind, ref, bytes, format: 'slsa-provenance-1', provenance: readProvenance(bytes, file) };
}

function textFormat(bytes: Buffer, file: string): string {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SignerError('document-invalid', `${file} is not UTF-8 text.`, { cause });
  }
  return /\.md$/i.test(file) ? 'markdown' : 'text';
}

export function documentEntry(
  { kind, format }: ReadDocument,
  { component, version, releasedAt }: Pick<DocumentEntry, 'component' | 'version' | 'releasedAt'>,
): DocumentEntry {
  return { schema: DOCUMENT_SCHEMA, kind, component, version, format, releasedAt };
}
