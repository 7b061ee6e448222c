/**
 * Brings one role's next list to the signing service: made on the lists in force, which are trusted from a pinned root
 * only, signed, submitted, waited for. Run again, the same work finds its submission again, and ends as before; where the
 * lists moved meanwhile it starts over, a bounded number of times.
 */
import { LIMITS, SIGNING_METADATA_BASE, type SubmissionView } from '@tidegate/protocol';
import type { Clock } from '../clock.ts';
import { checkedUrl } from '../http/exchange.ts';
import type { Signer } from '../keys/signer.ts';
import type { Repository } from '../repository.ts';
import { SignerError } from '../signer-error.ts';
import type { Progress } from '../store/intake.ts';
import { submissionKey } from './submission-key.ts';
import { signerCode, type SubmissionsApi, submissionsApi } from './submissions-api.ts';
import { type WorkingCopy, workingCopy } from './working-copy.ts';

/** Where lists are brought to, and by whom. */
export interface SubmitTo {
  /** The signing service's address. */
  readonly service: string;
  /** Bytes of the root that is trusted beforehand. */
  readonly root: Uint8Array;
  readonly signer: Signer;
  /** Asked right before it is needed: tokens live for minutes. Undefined where the list's signature must do. */
  readonly token: () => Promise<string | undefined>;
  readonly now: Clock;
  /** How long to let others' lists of the role go first, before starting over. */
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Takes the place of a list of the same role that waits for signatures. */
  readonly replaceWaiting: boolean;
  /** How long to wait for a publication at most. */
  readonly waitSeconds: number;
  readonly channelDays?: number | undefined;
  readonly onProgress?: Progress | undefined;
}

/** A role's next list, as it was made in a working copy. */
export interface MadeList {
  readonly role: string;
  /** False where the list in force says so already: nothing was made. */
  readonly changed: boolean;
  /** What was asked for, but not when: the same again is the same submission. */
  readonly asked: object;
}

export interface ListWork<M extends MadeList> {
  /** The lists of this product alone are needed: another's that ran out keeps nobody from this. All where not given. */
  readonly product?: string | undefined;
  readonly make: (repository: Repository) => Promise<M>;
  /** Whether the service's refusal is overcome by making the list again. */
  readonly overcomes?: (refusal: SignerError, made: M) => boolean;
}

export interface Submitted<M extends MadeList> {
  readonly made: M;
  readonly role: string;
  readonly version: number;
  /** Signatures still wanting, of the threshold. */
  readonly pending: { readonly missing: number; readonly of: number };
  readonly state: 'published' | 'waiting' | 'publishing';
  /** Null where the signed lists said so before, by whatever way. */
  readonly submission: string | null;
  /** Names of those who could still sign. */
  readonly open: readonly string[];
  /** What keeps the service from publishing it. */
  readonly delay?: string | undefined;
}

/** How often it starts over because the lists moved, and how many refused submissions it looks past. */
const ATTEMPTS = 8;
const TURNS = 16;
const PAUSE_MS = 100;
/** Without a token nobody is told what is in the way: it may be gone soon, or wait for days. */
const BLIND_ATTEMPTS = 4;

/** What keeps an attempt from its end, but not the next one. */
type Setback = { readonly setback: 'moved' } | { readonly setback: 'overcome' };

/**
 * @throws SignerError `version-conflict` where the lists move faster than it can follow, `submission-waiting`,
 * `submission-state`, those of the work, the key and the service's refusals
 */
export async function submitList<M extends MadeList>(to: SubmitTo, work: ListWork<M>): Promise<Submitted<M>> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const outcome = await workOnce(to, work, attempt);
    if ('state' in outcome) return outcome;
    // Another's list is signed, and not yet among those that are served.
    if (outcome.setback === 'moved' && attempt < ATTEMPTS) await to.pause(PAUSE_MS * 2 ** attempt);
  }
  throw new SignerError('version-conflict', `The lists moved ${ATTEMPTS} times while this was signed. Run it again.`);
}

async function workOnce<M extends MadeList>(
  to: SubmitTo,
  work: ListWork<M>,
  attemptNumber: number,
): Promise<Submitted<M> | Setback> {
  await using copy = await copyFrom(to, work.product);
  const made = await work.make(copy.repository);
  const attempt = { to, copy, made, api: submissionsApi(to.service), token: await to.token() };
  // Awaited here: the folder goes with this function.
  if (!made.changed) return await saidBefore(attempt);
  await copy.repository.sign(made.role, to.signer);
  try {
    return await bring(attempt);
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    if (error.code === 'draft-stale') return { setback: 'moved' };
    const isBlind = error.code === 'submission-waiting' && attempt.token === undefined;
    if (isBlind && attemptNumber < BLIND_ATTEMPTS) return { setback: 'moved' };
    if (attemptNumber < ATTEMPTS && work.overcomes?.(error, made) === true) return { setback: 'overcome' };
    throw error;
  }
}

/** The lists that the service serves, in a folder of their own. @param product its lists alone */
export function copyFrom(
  { service, root, now, channelDays }: Pick<SubmitTo, 'service' | 'root' | 'now' | 'channelDays'>,
  product: string | undefined,
): Promise<WorkingCopy> {
  const source = new URL(SIGNING_METADATA_BASE, checkedUrl(service)).href;
  return workingCopy({ source, root, now, product }, { now, channelDays });
}

interface Attempt<M extends MadeList> {
  readonly to: SubmitTo;
  readonly copy: WorkingCopy;
  readonly made: M;
  readonly api: SubmissionsApi;
  readonly token: string | undefined;
}

/** The list in force says so: out, or on its way from a run before. The list itself is the proof of who asks. */
async function saidBefore<M extends MadeList>(attempt: Attempt<M>): Promise<Submitted<M>> {
  const { made, copy } = attempt;
  const { role } = made;
  const version = copy.baseVersion(role);
  const before = await open(attempt, version - 1).catch((error: unknown) => {
    // No submission of this work led to this version: another way did.
    if (error instanceof SignerError && error.code === 'draft-stale') return undefined;
    throw error;
  });
  const view = before?.state === 'publishing' ? await settled(attempt, before) : before;
  if (view && view.version === version && view.state === 'publishing') return submittedAs(attempt, view);
  const pending = { missing: 0, of: view?.quorums[0]?.threshold ?? 0 };
  return { made, role, version, pending, state: 'published', submission: view?.id ?? null, open: [] };
}

async function bring<M extends MadeList>(attempt: Attempt<M>): Promise<Submitted<M> | Setback> {
  const { api, made, copy } = attempt;
  const opened = await openFree(attempt, copy.baseVersion(made.role));
  if ('setback' in opened) return opened;
  if (opened.state === 'open') await upload(attempt, opened);
  return submittedAs(attempt, await settled(attempt, opened.state === 'open' ? await api.submit(opened.id) : opened));
}

/** Opens the submission; one that is in its way is waited for, replaced, or told of. */
async function openFree<M extends MadeList>(attempt: Attempt<M>, baseVersion: number) {
  const { to, api, made, token } = attempt;
  try {
    return await open(attempt, baseVersion);
  } catch (error) {
    if (!(error instanceof SignerError) || error.code !== 'submission-waiting' || token === undefined) throw error;
    const busy = (state: 'waiting' | 'publishing') => api.list({ state, role: made.role }, token);
    const [publishing] = (await busy('publishing')).items;
    if (publishing) await settled(attempt, publishing);
    const [waiting] = publishing ? [] : (await busy('waiting')).items;
    if (!waiting) return { setback: 'moved' } as const;
    if (!to.replaceWaiting) throw error;
    return open(attempt, baseVersion, waiting.id);
  }
}

async function open<M extends MadeList>(
  { api, copy, made, token }: Attempt<M>,
  baseVersion: number,
  replaces?: string,
): Promise<SubmissionView> {
  const { role } = made;
  const list = (await copy.list(role)).toString('base64');
  for (let turn = 0; turn < TURNS; turn++) {
    const idempotencyKey = submissionKey(made, baseVersion, turn);
    const request = { role, baseVersion, idempotencyKey, list, ...(replaces !== undefined && { replaces }) };
    const view = await api.open(request, token);
    if (view.state !== 'refused') return view;
  }
  throw new SignerError('submission-state', `${TURNS} submissions of this were refused already.`);
}

async function upload<M extends MadeList>(
  { api, copy, to }: Attempt<M>,
  { id, artifactsMissing }: SubmissionView,
): Promise<void> {
  for (const artifact of artifactsMissing) {
    const { sha256, lengthBytes } = artifact;
    const path = await copy.artifact(artifact);
    await api.putArtifact(id, sha256, { path, lengthBytes, onProgress: to.onProgress });
  }
}

/** Waits while it is being published. */
async function settled<M extends MadeList>({ api, to }: Attempt<M>, view: SubmissionView): Promise<SubmissionView> {
  let [now, left] = [view, to.waitSeconds];
  while (now.state === 'publishing' && left > 0) {
    const seconds = Math.min(left, LIMITS.submissionWaitSeconds);
    now = await api.show(now.id, seconds);
    left -= seconds;
  }
  return now;
}

function submittedAs<M extends MadeList>({ made }: Attempt<M>, view: SubmissionView): Submitted<M> {
  const { role } = made;
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
  return { made, role, version, pending, state, submission: id, open: [...new Set(names)], delay: delayed?.detail };
}
