/** A submission as the service keeps it, and what becomes of it by what the repository folder says. Pure. */
import {
  closed,
  Hex32,
  Instant,
  Sha256,
  SignatureQuorum,
  SubmissionStateName,
  type SubmissionState,
  SubmissionView,
} from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import type { RoleStanding } from '../../edit/standing.ts';
import type { SignerCode } from '../../signer-error.ts';

const ArtifactName = closed({ sha256: Sha256, lengthBytes: Type.Integer({ minimum: 1 }) });

export const Submission = closed({
  format: Type.Literal(1),
  id: Hex32,
  role: SubmissionView.properties.role,
  version: SubmissionView.properties.version,
  baseVersion: SubmissionView.properties.baseVersion,
  payloadSha256: Sha256,
  idempotencyKey: Type.String({ maxLength: 64 }),
  replaces: Type.Union([Hex32, Type.Null()]),
  state: SubmissionStateName,
  /** What the list names and the repository had not when the submission was opened. */
  artifacts: Type.Array(ArtifactName, { maxItems: 500 }),
  quorums: Type.Array(SignatureQuorum, { maxItems: 4 }),
  submittedBy: SubmissionView.properties.submittedBy,
  createdAt: Instant,
  updatedAt: Instant,
  refusal: SubmissionView.properties.refusal,
  published: SubmissionView.properties.published,
});
export type Submission = Static<typeof Submission>;

export const FINAL: readonly SubmissionState[] = ['published', 'refused', 'superseded'];

export function isFinal({ state }: Pick<Submission, 'state'>): boolean {
  return FINAL.includes(state);
}

/** What the folder says that became of it. */
export type Outcome =
  | { readonly state: Exclude<SubmissionState, 'refused'> }
  | { readonly state: 'refused'; readonly code: SignerCode; readonly detail: string };

/**
 * The folder is the truth: what people do in it by hand (sign, complete, drop a draft) counts as what came by HTTP does.
 * Total and idempotent; `published` is never concluded here, since only a publication brings it about.
 * @param supersededBy whether the draft that is there now was submitted in this one's place
 */
export function outcomeOf(submission: Submission, standing: RoleStanding, supersededBy: boolean): Outcome {
  const { role, state, payloadSha256, version } = submission;
  if (isFinal(submission)) return { state: submission.state as Exclude<SubmissionState, 'refused'> };
  if (standing.completed === payloadSha256) return { state: 'publishing' };
  const moved = {
    state: 'refused',
    code: 'draft-stale',
    detail: `${role} went on to version ${standing.version} without this list.`,
  } as const;
  if (standing.version >= version) return moved;
  if (standing.draft?.payloadSha256 === payloadSha256) {
    return { state: standing.draft.missing === 0 ? 'publishing' : 'waiting' };
  }
  if (state === 'open') return standing.version === submission.baseVersion ? { state: 'open' } : moved;
  if (supersededBy) return { state: 'superseded' };
  return {
    state: 'refused',
    code: 'draft-stale',
    detail: `The draft of ${role} was dropped or changed in the repository folder.`,
  };
}

export function viewOf(
  submission: Submission,
  has: (sha256: string) => boolean,
  delayOf: (role: string) => { readonly code: string; readonly detail: string } | undefined,
): SubmissionView {
  const { format: _f, idempotencyKey: _k, replaces: _r, artifacts, ...shown } = submission;
  const missing = Math.max(0, ...submission.quorums.map(q => q.missing));
  const delayed = submission.state === 'publishing' ? (delayOf(submission.role) ?? null) : null;
  return { ...shown, artifactsMissing: artifacts.filter(a => !has(a.sha256)), missing, delayed };
}
