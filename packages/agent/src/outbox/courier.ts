/** Turns what happens to updates into reports and sees to it that they leave, beside the machine and never in its way. */
import { type Code, type Offer, CODES, type Report, type UpdateState } from '@tidegate/protocol';
import { type AgentError, asAgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { reportedState, type State, type Update } from '../machine/state.ts';
import type { Outbox } from './outbox.ts';

export interface Courier {
  /** The machine is in this state now. May be told again: it is reported once. */
  entered(state: State): Promise<void>;
  /** An offer was accepted, or an installation begins: news between two states. */
  tell(update: Update, state: UpdateState): Promise<void>;
  /** An offer was turned down: for good (`failed`), or for now (`offered`). */
  refused(offer: Offer, error: AgentError): Promise<void>;
  /** Something stands in the way for now. */
  obstacle(state: State, error: AgentError): Promise<void>;
  /** Trouble that belongs to no rollout, such as signed lists gone stale. */
  alarm(error: AgentError): Promise<void>;
  /** Sends what waits, at most one sending at a time. Never throws. */
  send(signal?: AbortSignal): Promise<void>;
}

/** Where there is no server there is nobody to tell. */
export const SILENT_COURIER: Courier = {
  entered: () => Promise.resolve(),
  tell: () => Promise.resolve(),
  refused: () => Promise.resolve(),
  obstacle: () => Promise.resolve(),
  alarm: () => Promise.resolve(),
  send: () => Promise.resolve(),
};

export function createCourier(outbox: Outbox, clock: Clock, log: Log): Courier {
  let sending: Promise<void> | undefined;
  const at = () => new Date(clock.now()).toISOString();

  const flush = async (signal?: AbortSignal) => {
    try {
      await outbox.flush(signal);
    } catch (error) {
      log.info({ pending: outbox.pending(), why: asAgentError(error).message }, 'reports wait for the server');
    }
  };
  const send = (signal?: AbortSignal): Promise<void> => {
    sending ??= flush(signal).finally(() => {
      sending = undefined;
    });
    return sending;
  };
  const add = async (report: Omit<Report, 'id' | 'at'>, refusal = false) => {
    await outbox.add({ ...report, at: at() }, refusal);
    void send();
  };

  return {
    async entered(state) {
      if (state.name === 'idle') return;
      const told = reportedState(state);
      if (told === undefined) return;
      if (state.name !== 'done') return add({ ...about(state.update), state: told });
      const { code, detail } = state.outcome;
      return add({ ...about(state.update), ...state.proof, state: told, ...why(code, detail) });
    },
    tell: (update, state) => add({ ...about(update), state }),
    async refused(offer, error) {
      const { rolloutId, attempt, target, component, counter } = offer;
      const state = CODES[error.code].class === 'reject' ? 'failed' : 'offered';
      await add(
        { rolloutId, attempt, target, component, counter, state, ...why(error.code, error.message) },
        state === 'failed',
      );
    },
    async obstacle(state, error) {
      const told = reportedState(state);
      if (state.name === 'idle' || told === undefined) return;
      await add({ ...about(state.update), state: told, ...why(error.code, error.message) });
    },
    alarm: error => add({ state: 'offered', ...why(error.code, error.message) }),
    send,
  };
}

function about(update: Update) {
  const { rolloutId, attempt, component, target } = update;
  const { counter, version } = target.firmware;
  return {
    ...(rolloutId === undefined ? {} : { rolloutId }),
    attempt,
    component,
    target: target.path,
    counter,
    version,
  };
}

function why(code: Code | undefined, detail: string | undefined) {
  return { ...(code ? { code } : {}), ...(detail ? { detail } : {}) };
}
