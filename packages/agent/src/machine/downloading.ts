/**
 * Brings the artifact in. A stop of the server and a change of the owner's mind end the download at once; what is
 * already here stays and is taken up again.
 */
import { asAgentError } from '../agent-error.ts';
import type { MachineDeps } from './deps.ts';
import { type Objection, objectionMeanwhile, objectionOfServer } from './objection.ts';
import { demandPermission, verdictOn } from './permission.ts';
import { done, type Done, type Downloading, type Installing, keepLast } from './state.ts';

export function downloadingStep(deps: MachineDeps) {
  return async (s: Downloading, signal: AbortSignal): Promise<Installing | Done> => {
    const objection = await objectionMeanwhile(deps, s, signal);
    if (objection) return failed(deps, s, objection);
    demandPermission(deps, s.update, 'download');
    const watch = watchForStop(deps, s, signal);
    try {
      const artifactFile = await deps.downloader.download(s.update.target, {
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
      await deps.securityLog.record(fault.code, fault.message, now(deps), s.update.target.path);
      return failed(deps, s, { code: fault.code, detail: fault.message });
    } finally {
      await watch.end();
    }
  };
}

/** Beside the download: a check-in every `pollDuringUpdateSeconds`, and a look at the settings at each wake. */
function watchForStop(deps: MachineDeps, s: Downloading, signal: AbortSignal) {
  const stop = new AbortController();
  const ended = new AbortController();
  let objection: Objection | undefined;

  const askServer = async () => {
    const over = AbortSignal.any([signal, ended.signal, stop.signal]);
    for (;;) {
      await deps.clock.sleep(s.update.pollDuringUpdateSeconds * 1000, over);
      if (over.aborted) return;
      objection = await objectionOfServer(deps, s, over);
      if (objection) return stop.abort();
    }
  };
  const askOwner = () => {
    deps.wake.signal().addEventListener(
      'abort',
      () => {
        if (verdictOn(deps, s.update, 'download').kind === 'wait') stop.abort();
        else askOwner();
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
