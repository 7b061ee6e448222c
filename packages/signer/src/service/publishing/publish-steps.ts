/**
 * What the publisher does at each stage. Each step is written down before it is begun; whatever ends the process, the
 * next one goes on there. Devices see the set before or the set after: the server switches at once, and refuses versions
 * that fall.
 */
import { hash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { OnlineSigners, Outlook } from '../../edit/refresh.ts';
import type { Repository } from '../../repository.ts';
import { SignerError, type SignerCode } from '../../signer-error.ts';
import { readBounded } from '../../store/durable-file.ts';
import { current, type Store } from '../../store/store.ts';
import { parseTimestamp } from '../../tuf/parse.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Point } from '../point.ts';
import type { Course } from '../submissions/course.ts';
import { dueStage, isOld } from './due.ts';
import type { Journal, Stage } from './journal.ts';
import { ourServedVersion } from './served-timestamp.ts';

export interface PublishDeps {
  readonly repository: Repository;
  readonly store: Store;
  readonly course: Omit<Course, 'found' | 'reconcile'>;
  readonly journal: Journal;
  readonly audit: AuditLog;
  readonly signers: OnlineSigners;
  readonly server: { readonly url: string; readonly tokenFile: string; readonly readBackUrl: string };
  readonly refreshSeconds: number;
  readonly now: Clock;
  readonly reached: Point;
}

export interface Progress {
  readonly at: (stage: Stage['stage']) => void;
  /** Told of what a snapshot would say now, each time that it was looked at. */
  readonly seen: (outlook: Outlook) => void;
  readonly ending: () => boolean;
}

const TOKEN_BYTES = 4096;

/** From the step that the journal names until nothing is due any more. */
export async function publishAll(deps: PublishDeps, progress: Progress): Promise<void> {
  const { at, ending } = progress;
  const { journal, course, reached } = deps;
  let state = await journal.read();
  if (state.stage === 'idle') {
    await course.reconcileAll();
    state = await begin(deps, progress);
  }
  while (state.stage !== 'idle' && !ending()) {
    at(state.stage);
    reached(`${state.stage}:begun`);
    const next = await step(deps, state).catch(async (error: unknown) => {
      await journal.write(await afterFailure(deps, state, error));
      throw error;
    });
    reached(`${state.stage}:done`);
    await journal.write(next);
    reached(`${next.stage}:written`);
    state = next.stage === 'idle' ? await begin(deps, progress) : next;
  }
  at(state.stage);
}

async function begin(deps: PublishDeps, { seen }: Progress): Promise<Stage> {
  const { repository, course, journal, reached } = deps;
  const state = (await somethingToComplete(deps)) ? ({ stage: 'completing' } as const) : await due(deps, seen);
  if (state.stage === 'idle') {
    // All is out: whatever still waits to be told so is told.
    const published = await repository.lastPublished();
    if (published && course.ready().length > 0) await course.settle(published.versions['timestamp'] ?? 0);
  } else {
    await journal.write(state);
    reached(`${state.stage}:chosen`);
  }
  return state;
}

async function due({ repository, store, now, refreshSeconds }: PublishDeps, seen: Progress['seen']): Promise<Stage> {
  const roles = await repository.status();
  const timestamp = await newestTimestamp(store);
  // Before the first ceremony has ended there is nothing to be signed.
  if (!timestamp && roles.some(r => r.version === undefined && r.role !== 'snapshot' && r.role !== 'timestamp')) {
    return { stage: 'idle' };
  }
  const outlook = await repository.outlook();
  seen(outlook);
  const isUnpublished = (role: string) => roles.some(r => r.role === role && r.unpublished === true);
  return dueStage({
    listsMoved: outlook.listsMoved || isUnpublished('root'),
    unpublished: isUnpublished('timestamp'),
    timestamp,
    now: now(),
    refreshSeconds,
  });
}

/**
 * What is tried next. The same set again where only the line broke off and its timestamp is young; all else is looked
 * at anew, so that whatever takes the cause away is seen.
 */
async function afterFailure(
  { store, server, now, refreshSeconds }: PublishDeps,
  state: Stage,
  error: unknown,
): Promise<Stage> {
  if (state.stage !== 'uploading' || !(error instanceof SignerError)) return { stage: 'idle' };
  const timestamp = await newestTimestamp(store);
  if (!timestamp || isOld(timestamp.issuedAt, now(), refreshSeconds)) return { stage: 'idle' };
  if (LINE.includes(error.code)) return state;
  if (error.code !== 'publication-conflict') return { stage: 'idle' };
  const served = await ourServedVersion(store, server.readBackUrl).catch(() => 0);
  return { stage: 'signing', aboveTimestamp: Math.max(served, timestamp.version) };
}

/** Nothing was said about the set. */
const LINE: readonly SignerCode[] = ['network', 'read-back-differs', 'server-answer-invalid'];

/** A list that is complete already needs no more than to be published. */
async function somethingToComplete({ repository, course }: PublishDeps): Promise<boolean> {
  for (const { role, version, payloadSha256 } of course.ready()) {
    if ((await repository.standing(role, version)).completed !== payloadSha256) return true;
  }
  return false;
}

function step(deps: PublishDeps, state: Exclude<Stage, { stage: 'idle' }>): Promise<Stage> {
  switch (state.stage) {
    case 'completing':
      return complete(deps);
    case 'signing':
      return signOnline(deps, state.aboveTimestamp);
    case 'uploading':
      return upload(deps, state);
    case 'settling':
      return settle(deps, state.timestamp);
  }
}

async function complete({ repository, store, course, audit, reached }: PublishDeps): Promise<Stage> {
  for (const { id, role, version, payloadSha256 } of course.ready()) {
    const standing = await repository.standing(role, version);
    if (standing.completed === payloadSha256) continue;
    try {
      await repository.assemble([role]);
    } catch (error) {
      if (!isVerdict(error)) throw error;
      await course.refuse(id, error.code, error.message);
      continue;
    }
    reached('completing:assembled');
    await audit.append('list-completed', { id, role, version, payloadSha256 });
  }
  return { stage: 'signing', aboveTimestamp: (await newestTimestamp(store))?.version ?? 0 };
}

/** An error about the list itself; all others may be gone the next time. */
function isVerdict(error: unknown): error is SignerError {
  const passing: readonly SignerCode[] = ['repository-busy', 'not-active', 'repository-damaged', 'disk-full'];
  return error instanceof SignerError && !passing.includes(error.code);
}

async function signOnline({ repository, store, signers, audit, reached }: PublishDeps, above: number): Promise<Stage> {
  const there = await newestTimestamp(store);
  if ((there?.version ?? 0) <= above) {
    await repository.refreshOnline({ ...signers, aboveTimestamp: above });
    reached('signing:signed');
  }
  const signed = await newestTimestamp(store);
  if (!signed) throw new SignerError('role-unsigned', 'There is no timestamp after it was signed.');
  const { version, sha256, snapshotVersion } = signed;
  await audit.append('online-signed', { timestamp: version, sha256, snapshot: snapshotVersion });
  return { stage: 'uploading', timestamp: version, sha256 };
}

async function upload(deps: PublishDeps, state: Extract<Stage, { stage: 'uploading' }>): Promise<Stage> {
  const { repository, store, server, audit, reached } = deps;
  const token = (await readBounded(server.tokenFile, TOKEN_BYTES))?.toString('utf8').trim();
  if (!token) throw new SignerError('config-invalid', `There is no token in ${server.tokenFile}.`);
  const { newTargets, timestampVersion } = await repository.publish({
    url: server.url,
    token,
    readBackUrl: server.readBackUrl,
    onProgress: ({ file, doneBytes, totalBytes }) => {
      if (doneBytes === totalBytes)
        reached(`uploading:${file.length === 64 ? 'artifact' : file.replace(/^\d+\./, '')}`);
    },
  });
  reached('uploading:committed');
  const sent = await newestTimestamp(store);
  await audit.append('published', { timestamp: timestampVersion, sha256: sent?.sha256 ?? state.sha256, newTargets });
  return { stage: 'settling', timestamp: timestampVersion };
}

async function settle({ course }: PublishDeps, timestamp: number): Promise<Stage> {
  await course.settle(timestamp);
  return { stage: 'idle' };
}

async function newestTimestamp(store: Store) {
  const found = await current(store, 'timestamp', parseTimestamp);
  return (
    found && {
      version: found.signed.version,
      sha256: hash('sha256', found.bytes, 'hex'),
      snapshotVersion: found.signed.meta['snapshot.json'].version,
      issuedAt: new Date(found.signed['x-issued'] ?? 0),
    }
  );
}
