/**
 * Brings the signed repository to a distribution server. First it is seen with a device's eyes, here; then bytes travel,
 * artifacts first and the timestamp last; then the server checks all of it again and switches at once.
 * A publisher that was cut off is run again and goes on where it stopped.
 */
import { hash } from 'node:crypto';
import { type CommitAnswer, LIMITS } from '@tidegate/protocol';
import { type Clock, instant } from '../clock.ts';
import { SignerError } from '../signer-error.ts';
import { artifactPath, checkArtifact } from '../store/artifact.ts';
import { stoppedIn } from '../edit/named-lists.ts';
import { checkRoomForNote, notePublished } from '../store/published.ts';
import type { Store } from '../store/store.ts';
import { verifyRepository } from '../verify/verify.ts';
import { firstRoot } from './first-root.ts';
import { publicationsApi, servedTimestamp } from './publications-api.ts';
import { type PublishSet, publishSet } from './publish-set.ts';

export interface PublishRequest {
  /** The server's admin listener. */
  readonly url: string;
  readonly token: string;
  /** The root that devices start from; the repository's first unless given. */
  readonly trustedRoot?: Uint8Array | undefined;
  /** The device listener: where given, the served timestamp is read and compared at the end. */
  readonly readBackUrl?: string | undefined;
  readonly onProgress?: ((step: PublishStep) => void) | undefined;
}

/** What is on its way: a file's name, and how much of it has gone. */
export interface PublishStep {
  readonly file: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/**
 * A delegated list that does not hold any more goes along as it is: it stops its own product's devices, no others.
 * @throws SignerError those of `publishSet` and `verifyRepository`; `artifact-missing`, `disk-full`, `network`,
 *   `server-refused`, `publication-conflict`
 */
export async function publish(store: Store, now: Clock, request: PublishRequest): Promise<CommitAnswer> {
  const root = request.trustedRoot ?? (await firstRoot(store));
  const set = await publishSet(store);
  await verifyRepository({ source: store.dir, root, now, without: stoppedIn(set.lists, now()) });
  await checkRoomForNote(store);

  const api = publicationsApi(request.url, request.token);
  const opened = await api.open({ idempotencyKey: idempotencyKey(set) });
  const report = (file: string, totalBytes: number) => (doneBytes: number) =>
    request.onProgress?.({ file, doneBytes, totalBytes });
  if (opened.state === 'open') {
    const wanted = set.artifacts.filter(a => !opened.artifacts.includes(a.sha256));
    for (const artifact of wanted) await checkArtifact(store, artifact);
    for (const { sha256, lengthBytes } of wanted) {
      const onProgress = report(sha256, lengthBytes);
      await api.putArtifact(opened.id, sha256, { path: artifactPath(store, sha256), lengthBytes, onProgress });
    }
    for (const { file, bytes } of set.metadata.filter(m => !opened.metadata.includes(m.file))) {
      await api.putMetadata(opened.id, file, bytes);
      report(file, bytes.length)(bytes.length);
    }
  }
  const committed = await api.commit(opened.id);
  await notePublished(store, { at: instant(now()), versions: set.versions });
  if (request.readBackUrl !== undefined) await readBack(request.readBackUrl, set);
  return committed;
}

/** The same set has the same key, whoever publishes it, since the timestamp's hash stands for all below it. */
function idempotencyKey({ timestamp }: PublishSet): string {
  return hash('sha256', timestamp.bytes, 'hex');
}

async function readBack(url: string, { timestamp }: PublishSet): Promise<void> {
  const served = await servedTimestamp(url, LIMITS.timestampBytes);
  if (served.equals(timestamp.bytes)) return;
  throw new SignerError('read-back-differs', `${url} serves another timestamp than the one that was just published.`);
}
