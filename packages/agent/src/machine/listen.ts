/**
 * Beside the driver, where the config asks for it: holds an event stream, and lets each event bring the next check-in
 * forward, by a random part of the time that it allows. Takes nothing away: without a stream the device comes by its
 * schedule. A lost stream is opened again after a random delay, so that a fleet does not come back in one moment.
 */
import { asAgentError } from '../agent-error.ts';
import type { UpdateServer } from '../ports.ts';
import { backoffMs } from './backoff.ts';
import type { MachineDeps } from './deps.ts';

export type ListenDeps = Pick<MachineDeps, 'schedule' | 'wake' | 'clock' | 'random' | 'backoff' | 'log'> & {
  readonly server: Pick<UpdateServer, 'enrolled' | 'listen'>;
};

/** Until the signal fires; never throws. */
export async function listenForEvents(deps: ListenDeps, signal: AbortSignal): Promise<void> {
  const { server, clock, random, backoff, log } = deps;
  let coming: Promise<void> | undefined;

  const come = async (withinSeconds: number) => {
    await clock.sleep(withinSeconds * 1000 * random(), signal);
    coming = undefined;
    if (signal.aborted) return;
    deps.schedule.now();
    deps.wake.wake();
  };
  let failures = 0;
  while (!signal.aborted) {
    let waitMs: number;
    try {
      if (!server.enrolled()) throw new Error('this device is not enrolled yet');
      // One check-in answers any number of events.
      const retryMs = await server.listen(within => {
        coming ??= come(within);
      }, signal);
      failures = 0;
      waitMs = retryMs ?? backoffMs(backoff, 5, random());
    } catch (error) {
      if (signal.aborted) break;
      failures++;
      const fault = asAgentError(error);
      if (failures === 1) log.info({ why: fault.message }, 'no event stream; the schedule stands');
      // Never sooner than by a few of its own delays: polling goes on meanwhile, so there is no hurry.
      waitMs = backoffMs(backoff, failures + 4, random(), fault.retryAfterSeconds);
    }
    await clock.sleep(waitMs, signal);
  }
  await coming;
}
