/**
 * What a build does with its image: makes the channel's next list on the lists in force, which it trusts from a pinned
 * root only, signs it, and brings both to the signing service. Run again, the same build finds its submission again, and
 * ends as before; where the lists moved meanwhile it starts over, a bounded number of times.
 */
import { LIMITS, SIGNING_METADATA_BASE, type SubmissionView } from '@tidegate/protocol';
import type { Clock } from '../clock.ts';
import type { ReleaseRequest, ReleaseResult } from '../edit/release.ts';
import { checkedUrl } from '../http/exchange.ts';
import type { Signer } from '../keys/signer.ts';
import { SignerError } from '../signer-error.ts';
import type { Progress } from '../store/intake.ts';
import { trustedLists } from '../verify/trusted-lists.ts';
import { submissionKey } from './submission-key.ts';
import { signerCode, type SubmissionsApi, submissionsApi } from './submissions-api.ts';
import { type WorkingCopy, workingCopy } from './working-copy.ts';

export interface SubmitRequest {
  /** The signing service's address. */
  readonly service: string;
  /** Bytes of the root that is trusted beforehand. */
  readonly root: Uint8Array;
  readonly release: ReleaseRequest;
  readonly signer: Signer;
  /** Asked right before it is needed: tokens live for minutes. Undefined where the list's signature must do. */
  readonly token: () => Promise<string | undefined>;
  readonly now: Clock;
  readonly channelDays?: number | undefined;
  /** Takes the place of a list of the same role that waits for signatures. */
  readonly replaceWaiting: boolean;
  /** How long to wait for a publication at most. */
  readonly waitSeconds: number;
  readonly onProgress?: Progress | undefined;
}

export interface Submitted {
  readonly role: string;
  readonly version: number;
  readonly path: string;
  readonly sha256: string;
  readonly counter: number;
  /** Signatures still wanting, of the threshold. */
  readonly pending: { readonly missing: number; readonly of: number };
  readonly state: 'published' | 'waiting' | 'publishing';
  /** Null where the release was in the signed lists before, by whatever way. */
  readonly submission: string | null;
  /** Names of those who could still sign. */
  readonly open: readonly string[];
  /** What keeps the service from publishing it. */
  readonly delay?: string | undefined;
}

/** How often a build starts over because the lists moved, and how many refused submissions it looks past. */
const ATTEMPTS = 8;
const TURNS = 16;

/** What keeps an attempt from its end, but not the next one. */
type Setback = { readonly setback: 'moved' } | { readonly setback: 'counter-taken'; readonly refusal: SignerError };

/**
 * @throws SignerError `version-conflict` where the lists move faster than it can follow, `submission-waiting`,
 * `submission-state`, those of the release, the key and the service's refusals
 */
export async function submitRelease(request: SubmitRequest): Promise<Submitted> {
  let counter: number | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const made = await workOnce(request, counter);
    if ('state' in made.outcome) return made.outcome;
    const given = request.release.counter !== undefined || attempt === ATTEMPTS;
    if (made.outcome.setback === 'counter-taken' && given) throw made.outcome.refusal;
    // A list of another channel that waits, and cannot be seen from here, has given it away.
    counter = made.outcome.setback === 'counter-taken' ? made.counter + 1 : undefined;
  }
  throw new SignerError('version-conflict', `The lists moved ${ATTEMPTS} times while this was signed. Run it again.`);
}

async function workOnce(request: SubmitRequest, counter: number | undefined) {
  const { service, root, now, release, onProgress, signer } = request;
  const source = new URL(SIGNING_METADATA_BASE, checkedUrl(service)).href;
  await using copy = await workingCopy(await trustedLists({ source, root, now }), request);
  const added = await copy.repository.addRelease({ ...release, counter: release.counter ?? counter, onProgress });
  const attempt = { request, copy, added, api: submissionsApi(service), token: await request.token() };
  if (added.added) await copy.repository.sign(added.role, signer);
  // Awaited here: the folder goes with this function.
  const outcome: Submitted | Setback = await (added.added ? bring(attempt) : listedBefore(attempt));
  return { outcome, counter: added.counter };
}

interface Attempt {
  readonly request: SubmitRequest;
  readonly copy: WorkingCopy;
  readonly added: ReleaseResult;
  readonly api: SubmissionsApi;
  readonly token: string | undefined;
}

/** The lists in force name it already: out, or on its way from a run before. The list itself is the proof of who asks. */
async function listedBefore(attempt: Attempt): Promise<Submitted> {
  const version = attempt.copy.baseVersion(attempt.added.role);
  const before = await open(attempt, version - 1).catch((error: unknown) => {
    // No submission of this build led to this version: another way did.
    if (error instanceof SignerError && error.code === 'draft-stale') return undefined;
    throw error;
  });
  const view = before?.state === 'publishing' ? await settled(attempt, before) : before;
  if (view && view.version === version && view.state === 'publishing') return submittedAs(attempt, view);
  const { role, path, sha256, counter } = attempt.added;
  const pending = { missing: 0, of: view?.quorums[0]?.threshold ?? 0 };
  return { role, version, path, sha256, counter, pending, state: 'published', submission: view?.id ?? null, open: [] };
}

async function bring(attempt: Attempt): Promise<Submitted | Setback> {
  const { api, added, copy } = attempt;
  try {
    const opened = await openFree(attempt, copy.baseVersion(added.role));
    if ('setback' in opened) return opened;
    if (opened.state === 'open') await upload(attempt, opened);
    const view = await settled(attempt, opened.state === 'open' ? await api.submit(opened.id) : opened);
    return submittedAs(attempt, view);
  } catch (error) {
    if (error instanceof SignerError && error.code === 'draft-stale') return { setback: 'moved' };
    if (error instanceof SignerError && error.code === 'counter-fixed') {
      return { setback: 'counter-taken', refusal: error };
    }
    throw error;
  }
}

/** Opens the submission; one that is in its way is waited for, replaced, or told of. */
async function openFree(attempt: Attempt, baseVersion: number): Promise<SubmissionView | Setback> {
  const { request, api, added, token } = attempt;
  try {
    return await open(attempt, baseVersion);
  } catch (error) {
    if (!(error instanceof SignerError) || error.code !== 'submission-waiting' || token === undefined) throw error;
    const busy = (state: 'waiting' | 'publishing') => api.list({ state, role: added.role }, token);
    const [publishing] = (await busy('publishing')).items;
    if (publishing) await settled(attempt, publishing);
    const [waiting] = publishing ? [] : (await busy('waiting')).items;
    if (!waiting) return { setback: 'moved' };
    if (!request.replaceWaiting) throw error;
    return open(attempt, baseVersion, waiting.id);
  }
}

async function open({ api, copy, added, token }: Attempt, baseVersion: number, replaces?: string) {
  const { role } = added;
  const list = (await copy.list(role)).toString('base64');
  for (let turn = 0; turn < TURNS; turn++) {
    const idempotencyKey = submissionKey(added, baseVersion, turn);
    const request = { role, baseVersion, idempotencyKey, list, ...(replaces !== undefined && { replaces }) };
    const view = await api.open(request, token);
    if (view.state !== 'refused') return view;
  }
  throw new SignerError('submission-state', `${TURNS} submissions of this release were refused already.`);
}

async function upload({ api, copy, request }: Attempt, { id, artifactsMissing }: SubmissionView): Promise<void> {
  for (const artifact of artifactsMissing) {
    const { sha256, lengthBytes } = artifact;
    const path = await copy.artifact(artifact);
    await api.putArtifact(id, sha256, { path, lengthBytes, onProgress: request.onProgress });
  }
}

/** Waits while it is being published. */
async function settled({ api, request }: Attempt, view: SubmissionView): Promise<SubmissionView> {
  let [now, left] = [view, request.waitSeconds];
  while (now.state === 'publishing' && left > 0) {
    const seconds = Math.min(left, LIMITS.submissionWaitSeconds);
    now = await api.show(now.id, seconds);
    left -= seconds;
  }
  return now;
}

function submittedAs({ added }: Attempt, view: SubmissionView): Submitted {
  const { role, path, sha256, counter } = added;
  const { id, version, state, missing, quorums, refusal, delayed } = view;
  if (state === 'superseded') {
    throw new SignerError('submission-state', `A newer list of ${role} took the place of this one (${id}).`);
  }
  if (state === 'refused' || state === 'open') {
    throw new SignerError(
      signerCode(refusal?.code) ?? 'server-refused',
      `Submission ${id} of ${role} was refused. ${refusal?.detail ?? ''}`,
    );
  }
  const pending = { missing, of: quorums[0]?.threshold ?? 0 };
  const names = quorums.flatMap(quorum => quorum.open.map(holder => holder.name));
  return {
    role,
    version,
    path,
    sha256,
    counter,
    pending,
    state,
    submission: id,
    open: [...new Set(names)],
    delay: delayed?.detail,
  };
}
