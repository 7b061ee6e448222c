/** The diagram of the machine as a type: a wrong edge or a missing state does not compile. A step throws only for "later". */
import type { Done, Downloading, Idle, Installing, Rebooting, State, Trial } from './state.ts';

export interface Steps {
  idle(s: Idle, signal: AbortSignal): Promise<Idle | Downloading>;
  downloading(s: Downloading, signal: AbortSignal): Promise<Downloading | Installing | Done>;
  installing(s: Installing, signal: AbortSignal): Promise<Rebooting | Done>;
  /** Again: the trial was never armed. Done: it came back in the old slot. */
  rebooting(s: Rebooting, signal: AbortSignal): Promise<Rebooting | Trial | Done>;
  /** Health: commit, or go back. */
  trial(s: Trial, signal: AbortSignal): Promise<Done>;
  /** Reported until acknowledged: the outbox sees to that. */
  done(s: Done, signal: AbortSignal): Promise<Idle>;
}

export function takeStep(steps: Steps, state: State, signal: AbortSignal): Promise<State> {
  switch (state.name) {
    case 'idle':
      return steps.idle(state, signal);
    case 'downloading':
      return steps.downloading(state, signal);
    case 'installing':
      return steps.installing(state, signal);
    case 'rebooting':
      return steps.rebooting(state, signal);
    case 'trial':
      return steps.trial(state, signal);
    case 'done':
      return steps.done(state, signal);
  }
}
