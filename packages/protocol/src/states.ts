/**
 * The states of one update on one device, as reported to the server, in the order in which they come.
 * `begun` starts at `activating`: before that the owner's policy may still wait, and silence means nothing.
 */
export const UPDATE_STATES = [
  'offered',
  'downloading',
  'downloaded',
  'installing',
  'activating',
  'trial',
  'verified',
  'failed',
  'rolledBack',
] as const;

export type UpdateState = (typeof UPDATE_STATES)[number];

const FINAL: readonly UpdateState[] = ['verified', 'failed', 'rolledBack'];
const BEGUN_AT = UPDATE_STATES.indexOf('activating');

export function isFinal(state: UpdateState): boolean {
  return FINAL.includes(state);
}

/** Whether the update had begun to change what the device runs. A `failed` says so only by the state before it. */
export function isBegun(state: UpdateState): boolean {
  return state !== 'failed' && UPDATE_STATES.indexOf(state) >= BEGUN_AT;
}

/** Whether `next` is a step forward from `now`: states never go back, and a final one stays. */
export function isProgress(now: UpdateState, next: UpdateState): boolean {
  return !isFinal(now) && UPDATE_STATES.indexOf(next) > UPDATE_STATES.indexOf(now);
}
