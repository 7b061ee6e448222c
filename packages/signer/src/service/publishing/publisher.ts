/**
 * The one who publishes: drafts that have their signatures become lists, snapshot and timestamp are signed, the set goes
 * to the server. One at a time; what fails is told and tried again, after ever longer pauses.
 */
import type { Logger } from 'pino';
import type { Outlook } from '../../edit/refresh.ts';
import { SignerError } from '../../signer-error.ts';
import type { Stage } from './journal.ts';
import { publishAll, type PublishDeps } from './publish-steps.ts';
import type { Trouble } from './trouble.ts';

export interface PublisherDeps extends PublishDeps {
  readonly log: Logger;
  /** Told of what a snapshot would say, at each look. */
  readonly seen: (outlook: Outlook) => void;
}

export interface Publisher {
  /** Looks now whether there is something to do; called as often as anybody likes. */
  readonly wake: () => void;
  readonly trouble: () => Trouble | undefined;
  readonly stage: () => Stage['stage'];
  /** What a snapshot would say, as it was last seen; undefined before the first look. */
  readonly outlook: () => Outlook | undefined;
  /** When it last looked and found or made everything well. */
  readonly lastWell: () => Date | undefined;
  /** Takes up nothing new; waits for the step in hand. */
  readonly close: () => Promise<void>;
}

const AGAIN_MS = { least: 1000, most: 300_000 };

export function startPublisher(deps: PublisherDeps): Publisher {
  const { log, now, audit } = deps;
  let asked = false;
  const end = new AbortController();
  const ending = () => end.signal.aborted;
  let working: Promise<void> | undefined;
  let trouble: Trouble | undefined;
  let stage: Stage['stage'] = 'idle';
  let lastWell: Date | undefined;
  let outlook: Outlook | undefined;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  const seen = (found: Outlook) => {
    outlook = found;
    deps.seen(found);
  };

  async function work(): Promise<void> {
    while (asked && !ending()) {
      asked = false;
      try {
        await publishAll(deps, { at: s => (stage = s), seen, ending });
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
    outlook: () => outlook,
    lastWell: () => lastWell,
    close: async () => {
      end.abort();
      clearTimeout(timer);
      await working;
    },
  };
}
