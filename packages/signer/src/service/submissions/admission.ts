/** Whether a list that is brought may become a submission, and the record that it gets. Changes nothing. */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { SubmissionRequest } from '@tidegate/protocol';
import { type Clock, instant } from '../../clock.ts';
import { payloadHash } from '../../edit/signature.ts';
import type { Repository } from '../../repository.ts';
import { SignerError } from '../../signer-error.ts';
import { type Artifact, artifactPath } from '../../store/artifact.ts';
import type { Store } from '../../store/store.ts';
import { type Envelope, isTargets } from '../../tuf/metadata.ts';
import { quorumsOf } from './quorums.ts';
import type { Submission } from './submission.ts';
import type { SubmissionStore } from './submission-store.ts';

export interface AdmissionDeps {
  readonly repository: Repository;
  readonly store: Store;
  readonly submissions: SubmissionStore;
  readonly now: Clock;
}

/** Whose token it came with; undefined where the list's own signature had to do. */
export type Sender = { readonly issuer: string; readonly subject: string } | undefined;

const OPEN_PER_ROLE = 20;
const KEPT = 5000;

/** @throws SignerError `submission-waiting`, `submissions-full`, and those of `Repository.weigh` */
export async function admit(
  { repository, store, submissions, now }: AdmissionDeps,
  request: SubmissionRequest,
  envelope: Envelope,
  by: Sender,
): Promise<Submission> {
  const { role, baseVersion, idempotencyKey, replaces = null } = request;
  const { candidate, signatures } = await repository.weigh({ role, envelope, baseVersion });
  mustBeFree(submissions, role, replaces);
  mustHaveRoom(submissions, role);
  return {
    format: 1,
    id: randomBytes(16).toString('hex'),
    role,
    version: envelope.signed.version,
    baseVersion,
    payloadSha256: payloadHash(envelope.signed),
    idempotencyKey,
    replaces,
    state: 'open',
    artifacts: await missingArtifacts(store, envelope),
    quorums: quorumsOf({ ...candidate, envelope: { ...envelope, signatures } }),
    submittedBy: by ? { by: 'token', ...by } : { by: 'signature', keyid: signatures[0]?.keyid ?? '' },
    createdAt: instant(now()),
    updatedAt: instant(now()),
    refusal: null,
    published: null,
  };
}

/** One list of a role at a time waits or is on its way out. @throws SignerError `submission-waiting` */
export function mustBeFree(submissions: SubmissionStore, role: string, replaces: string | null): void {
  const busy = submissions.all().find(s => s.role === role && (s.state === 'waiting' || s.state === 'publishing'));
  if (!busy || (busy.id === replaces && busy.state === 'waiting')) return;
  throw new SignerError('submission-waiting', `Submission ${busy.id} of ${role} is ${busy.state}.`);
}

function mustHaveRoom(submissions: SubmissionStore, role: string): void {
  const all = submissions.all();
  if (all.filter(s => s.role === role && s.state === 'open').length < OPEN_PER_ROLE && all.length < KEPT) return;
  throw new SignerError('submissions-full', `Too many submissions of ${role} are open; finish one, or wait a day.`);
}

async function missingArtifacts(store: Store, { signed }: Envelope): Promise<Artifact[]> {
  if (!isTargets(signed)) return [];
  const named = new Map(
    Object.values(signed.targets).map(({ hashes: { sha256 }, length }) => [sha256, { sha256, lengthBytes: length }]),
  );
  const missing: Artifact[] = [];
  for (const artifact of named.values()) {
    const there = await stat(artifactPath(store, artifact.sha256)).catch(() => undefined);
    if (there?.size !== artifact.lengthBytes) missing.push(artifact);
  }
  return missing;
}
