/**
 * The files that a release names, looked at before anything is listed: they are there, of a size that is taken, what they
 * claim to be, and of the same build. Lists and keeps nothing; finds all faults at once.
 */
import { basename } from 'node:path';
import type { DocumentKind } from '@tidegate/protocol';
import { judgeProvenance } from '../policy/provenance-policy.ts';
import { SignerError } from '../signer-error.ts';
import { sha256Of } from '../store/artifact.ts';
import { openToRead } from '../store/durable-file.ts';
import { lengthOf, type Progress } from '../store/intake.ts';
import { DOCUMENT_FILES, type DocumentFiles, type ReadDocument, readDocument } from './document.ts';

export interface NamedFiles extends DocumentFiles {
  readonly image?: string | undefined;
}

export interface SeenFile {
  readonly kind: 'image' | DocumentKind;
  readonly file: string;
  readonly sha256: string;
  /** Of a document. */
  readonly format?: string;
}

export interface FileFinding {
  /** JSON pointer to what names the file. */
  readonly path: string;
  readonly message: string;
}

export interface Look {
  readonly seen: SeenFile[];
  readonly faults: FileFinding[];
}

export async function lookAtFiles(named: NamedFiles, onProgress?: Progress): Promise<Look> {
  const faults: FileFinding[] = sameNames(named);
  const told = async <T>(path: string, look: () => Promise<T> | T): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof SignerError)) throw error;
      faults.push({ path, message: `names a file that cannot be taken: ${error.message}` });
      return undefined;
    }
  };
  const { image: imagePath } = named;
  const image = imagePath === undefined ? undefined : await told('/image', () => lookAtImage(imagePath, onProgress));
  const documents: ReadDocument[] = [];
  for (const [kind, key] of DOCUMENT_FILES) {
    const path = named[key];
    const document = path === undefined ? undefined : await told(`/${key}`, () => readDocument(kind, path));
    if (document) documents.push(document);
  }
  for (const { provenance } of documents) {
    if (provenance && image) await told('/provenance', () => judgeProvenance(provenance, image.sha256));
  }
  const seen = documents.map(({ kind, ref, format }) => ({ kind, ...ref, format }));
  return { seen: [...(image ? [image] : []), ...seen], faults };
}

/** They become files of one folder. */
function sameNames({ image, sbom, provenance, notesFile }: NamedFiles): FileFinding[] {
  const names = Object.entries({ image, sbom, provenance, notesFile }).flatMap(([key, path]) =>
    path === undefined ? [] : [{ key, name: basename(path) }],
  );
  return names
    .filter(({ name }, i) => names.findIndex(other => other.name === name) < i)
    .map(({ key, name }) => ({ path: `/${key}`, message: `has the name of another file of the release: ${name}` }));
}

async function lookAtImage(path: string, onProgress: Progress | undefined): Promise<SeenFile> {
  const unreadable = (cause: Error) => new SignerError('file-unreadable', `${path}: ${cause.message}`, { cause });
  const source = await openToRead(path).catch((cause: Error) => {
    throw unreadable(cause);
  });
  try {
    const lengthBytes = await lengthOf(source, path);
    let done = 0;
    const sha256 = await sha256Of(source.createReadStream({ autoClose: false }), pieceBytes => {
      done += pieceBytes;
      onProgress?.(done, lengthBytes);
    });
    return { kind: 'image', file: basename(path), sha256 };
  } finally {
    await source.close();
  }
}
