/**
 * The one who publishes: drafts that have their signatures become lists, snapshot and timestamp are signed, the set goes
 * to the server. Each step is written down before it is begun; whatever ends the process, the next one goes on there.
 * Devices see the set before or the set after: the server switches at once, and refuses versions that fall.
 */
import { hash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { OnlineSigners } from '../../edit/refresh.ts';
import type { Repository } from '../../repository.ts';
import { SignerError, type SignerCode } from '../../signer-error.ts';
import { readBounded } from '../../store/durable-file.ts';
import { current, type Store } from '../../store/store.ts';
import { parseTimestamp } from '../../tuf/parse.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Point } from '../point.ts';
import type { Desk } from '../submissions/desk.ts';
import { dueStage } from './due.ts';
import type { Journal, Stage } from './journal.ts';

export interface PublisherDeps {
  readonly repository: Repository;
  readonly store: Store;
  readonly desk: Desk;
  readonly journal: Journal;
  readonly audit: AuditLog;
  readonly signers: OnlineSigners;
  readonly server: { readonly url: string; readonly tokenFile: string; readonly readBackUrl: string };
  readonly refreshSeconds: number;
  readonly now: Clock;
  readonly log: Logger;
  readonly reached: Point;
}

/** Why it does not go on, since when. */
export interface Trouble {
  readonly code: SignerCode | 'internal';
  readonly message: string;
  readonly since: Date;
}

export interface Publisher {
  /** Looks now whether there is something to do; called as often as anybody likes. */
  readonly wake: () => void;
  readonly trouble: () => Trouble | undefined;
  readonly stage: () => Stage['stage'];
  /** When it last looked and found or made everything well. */
  readonly lastWell: () => Date | undefined;
  /** Takes up nothing new; waits for the step in hand. */
  readonly close: () => Promise<void>;
}

const AGAIN_MS = { least: 1000, most: 300_000 };
const TOKEN_BYTES = 4096;

export function startPublisher(deps: PublisherDeps): Publisher {
  const { log, now, audit } = deps;
  let asked = false;
  const end = new AbortController();
  const ending = () => end.signal.aborted;
  let working: Promise<void> | undefined;
  let trouble: Trouble | undefined;
  let stage: Stage['stage'] = 'idle';
  let lastWell: Date | undefined;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  async function work(): Promise<void> {
    while (asked && !ending()) {
      asked = false;
      try {
        await publishAll(deps, s => (stage = s), ending);
        if (trouble) log.info({ was: trouble.code }, 'publishing goes on');
        trouble = undefined;
        failures = 0;
        lastWell = now();
      } catch (error) {
        await failed(error);
      }
    }
  }

  async function failed(thrown: unknown): Promise<void> {
    const { code, message } =
      thrown instanceof SignerError ? thrown : { code: 'internal' as const, message: (thrown as Error).message };
    const fresh = trouble?.code !== code;
    trouble = { code, message, since: fresh ? now() : (trouble?.since ?? now()) };
    log.error(
      { code, reason: message, stage, ...(code === 'internal' && { err: thrown }) },
      'publishing failed; tried again',
    );
    // Where even this cannot be written, the log above has said it.
    if (fresh && code !== 'not-active')
      await audit.append('publish-failed', { code, message, stage }).catch(() => undefined);
    clearTimeout(timer);
    timer = setTimeout(wake, Math.min(AGAIN_MS.most, AGAIN_MS.least * 2 ** Math.min(failures++, 20)));
  }

  function wake(): void {
    asked = true;
    if (ending()) return;
    working ??= work().finally(() => {
      working = undefined;
      // Asked for between the last look and here.
      if (asked && !ending()) wake();
    });
  }

  return {
    wake,
    trouble: () => trouble,
    stage: () => stage,
    lastWell: () => lastWell,
    close: async () => {
      end.abort();
      clearTimeout(timer);
      await working;
    },
  };
}

/** From the step that the journal names until nothing is due any more. */
async function publishAll(
  deps: PublisherDeps,
  at: (stage: Stage['stage']) => void,
  ending: () => boolean,
): Promise<void> {
  const { journal, desk, reached } = deps;
  let state = await journal.read();
  if (state.stage === 'idle') {
    await desk.reconcile();
    state = await begin(deps);
  }
  while (state.stage !== 'idle' && !ending()) {
    at(state.stage);
    reached(`${state.stage}:begun`);
    const next = await step(deps, state);
    reached(`${state.stage}:done`);
    await journal.write(next);
    reached(`${next.stage}:written`);
    state = next.stage === 'idle' ? await begin(deps) : next;
  }
  at(state.stage);
}

async function begin(deps: PublisherDeps): Promise<Stage> {
  const { repository, desk, journal, now, refreshSeconds, reached } = deps;
  const state = dueStage({
    roles: await repository.status(),
    submissionReady: await somethingToComplete(deps),
    timestamp: await newestTimestamp(deps.store),
    now: now(),
    refreshSeconds,
  });
  if (state.stage === 'idle') {
    // All is out: whatever still waits to be told so is told.
    const published = await repository.lastPublished();
    if (published && desk.ready().length > 0) await desk.settle(published.versions['timestamp'] ?? 0);
  } else {
    await journal.write(state);
    reached(`${state.stage}:chosen`);
  }
  return state;
}

/** A list that is complete already needs no more than to be published. */
async function somethingToComplete({ repository, desk }: PublisherDeps): Promise<boolean> {
  for (const { role, version, payloadSha256 } of desk.ready()) {
    if ((await repository.standing(role, version)).completed !== payloadSha256) return true;
  }
  return false;
}

function step(deps: PublisherDeps, state: Exclude<Stage, { stage: 'idle' }>): Promise<Stage> {
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

async function complete({ repository, store, desk, audit, reached }: PublisherDeps): Promise<Stage> {
  for (const { id, role, version, payloadSha256 } of desk.ready()) {
    const standing = await repository.standing(role, version);
    if (standing.completed === payloadSha256) continue;
    try {
      await repository.assemble([role]);
    } catch (error) {
      if (!isVerdict(error)) throw error;
      await desk.refuse(id, error.code, error.message);
      continue;
    }
    reached('completing:assembled');
    await audit.append('list-completed', { id, role, version, payloadSha256 });
  }
  return { stage: 'signing', aboveTimestamp: (await newestTimestamp(store))?.version ?? 0 };
}

/** An error about the list itself; all others may be gone the next time. */
function isVerdict(error: unknown): error is SignerError {
  const passing: readonly SignerCode[] = ['repository-busy', 'not-active', 'repository-damaged'];
  return error instanceof SignerError && !passing.includes(error.code);
}

async function signOnline(
  { repository, store, signers, audit, reached }: PublisherDeps,
  above: number,
): Promise<Stage> {
  const there = await newestTimestamp(store);
  if ((there?.version ?? 0) <= above) {
    await repository.refreshOnline(signers);
    reached('signing:signed');
  }
  const signed = await newestTimestamp(store);
  if (!signed) throw new SignerError('role-unsigned', 'There is no timestamp after it was signed.');
  const { version, sha256, snapshotVersion } = signed;
  await audit.append('online-signed', { timestamp: version, sha256, snapshot: snapshotVersion });
  return { stage: 'uploading', timestamp: version, sha256 };
}

async function upload(deps: PublisherDeps, state: Extract<Stage, { stage: 'uploading' }>): Promise<Stage> {
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

async function settle({ desk }: PublisherDeps, timestamp: number): Promise<Stage> {
  await desk.settle(timestamp);
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
