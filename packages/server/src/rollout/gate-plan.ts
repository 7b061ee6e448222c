/**
 * The numbers of a gate, made whole from what a rollout asks, what its product's policy says, and the defaults.
 * What contradicts itself is refused with the place where it stands; what was not asked for gives way. Pure.
 */
import { DEFAULT_GATE, type Gate } from '@tidegate/protocol';
import { ServerError } from '../server-error.ts';
import { percent, seconds } from './words.ts';

const WHOLE = 10_000;

/** Number by number, and code by code. */
export function mergedGate(before: Partial<Gate>, after: Partial<Gate>): Partial<Gate> {
  const weights = { ...before.weights, ...after.weights };
  return { ...before, ...after, ...(Object.keys(weights).length > 0 && { weights }) };
}

/** @throws ServerError `gate-impossible` with the path of the field */
export function wholeGate(asked: Partial<Gate>, policy: Partial<Gate> = {}): Gate {
  const gate = { ...DEFAULT_GATE, ...mergedGate(policy, asked) };
  return {
    ...gate,
    allowedFailureShare: allowedFailures(gate, asked),
    // Who asks for a longer silence and says nothing of the soak wants the silence.
    soakSeconds: asked.soakSeconds ?? Math.max(gate.soakSeconds, gate.silenceSeconds),
  };
}

/** Asking for more success than the allowed failures leave would hold such a release for ever, neither halted nor done. */
function allowedFailures({ successShare, allowedFailureShare }: Gate, asked: Partial<Gate>): number {
  const room = WHOLE - successShare;
  if (asked.allowedFailureShare === undefined) return Math.min(allowedFailureShare, room);
  if (allowedFailureShare <= room) return allowedFailureShare;
  const detail = `success of ${percent(successShare)} and allowed failures of ${percent(allowedFailureShare)} are more than 100 % together: lower one of them`;
  throw new ServerError('gate-impossible', detail, { path: '/gate/successShare' });
}

/**
 * A phase that soaks less than the silence is followed by the next before anybody can know who died of it.
 * @throws ServerError `soak-too-short` with the path of the field
 */
export function refuseShortSoak({ soakSeconds, silenceSeconds }: Gate): void {
  if (soakSeconds >= silenceSeconds) return;
  const detail =
    `a soak of ${seconds(soakSeconds)} ends before the silence of ${seconds(silenceSeconds)} after which a device has ` +
    `failed: ask for a soak of at least ${silenceSeconds} s, or for a shorter silence`;
  throw new ServerError('soak-too-short', detail, { path: '/gate/soakSeconds' });
}
