/**
 * Brings the artifact in. A stop of the server and a change of the owner's mind end the download as soon as they are
 * heard of, by an event within a moment; what is already here stays and is taken up again.
 */
import { asAgentError } from '../agent-error.ts';
import { bringIn } from './bring-in.ts';
import type { MachineDeps } from './deps.ts';
import { giveUp } from './give-up.ts';
import { type Objection, objectionMeanwhile, objectionOfServer } from './objection.ts';
import { demandPermission, verdictOn } from './permission.ts';
import { done, type Done, type Downloading, type Installing, keepLast } from './state.ts';
import { createWake } from './wake.ts';

export function downloadingStep(deps: MachineDeps) {
  return async (s: Downloading, signal: AbortSignal): Promise<Installing | Done> => {
    // From the beginning: an event that comes while the server is asked may be news to what it answers.
    const watch = watchForStop(deps, s, signal);
    try {
      const objection = await objectionMeanwhile(deps, s, signal);
      if (objection) return failed(deps, s, objection);
      demandPermission(deps, s.update, 'download');
      const artifactFile = await bringIn(deps, s.update, {
        signal: AbortSignal.any([signal, watch.signal]),
        onProgress: deps.onProgress,
      });
      return { name: 'installing', ...keepLast(s), update: s.update, artifactFile };
    } catch (error) {
      const stop = watch.objection();
      if (stop) return failed(deps, s, stop);
      demandPermission(deps, s.update, 'download');
      const fault = asAgentError(error);
      // `stopped` from the downloader only says that our own signal fired.
      if (fault.class !== 'reject' || fault.code === 'stopped') throw fault;
      return failed(deps, s, await giveUp(deps, s.update, fault));
    } finally {
      await watch.end();
    }
  };
}

/**
 * Beside the download: a look at the settings at each wake, and a check-in every `pollDuringUpdateSeconds`, or at once where
 * a wake brought one forward, as events do. What an event says is never believed: only the answer stops anything.
 */
function watchForStop(deps: MachineDeps, s: Downloading, signal: AbortSignal) {
  const stop = new AbortController();
  const ended = new AbortController();
  const due = createWake();
  let objection: Objection | undefined;

  const askServer = async () => {
    const over = AbortSignal.any([signal, ended.signal, stop.signal]);
    for (let isDue = due.signal(); ; ) {
      await deps.clock.sleep(s.update.pollDuringUpdateSeconds * 1000, AbortSignal.any([over, isDue]));
      if (over.aborted) return;
      isDue = due.signal();
      objection = await objectionOfServer(deps, s, over);
      if (objection) return stop.abort();
    }
  };
  const askOwner = () => {
    deps.wake.signal().addEventListener(
      'abort',
      () => {
        if (verdictOn(deps, s.update, 'download').kind === 'wait') return stop.abort();
        if (deps.schedule.isDue()) due.wake();
        askOwner();
      },
      { once: true, signal: ended.signal },
    );
  };

  askOwner();
  const asking = askServer();
  return {
    signal: stop.signal,
    objection: () => objection,
    async end() {
      ended.abort();
      await asking;
    },
  };
}

function failed(deps: MachineDeps, s: Downloading, { code, detail }: Objection): Done {
  return done(s, now(deps), { state: 'failed', code, detail });
}

function now(deps: MachineDeps): string {
  return new Date(deps.clock.now()).toISOString();
}
