/**
 * What a device hears over its event stream (server-sent events): that it is worth coming now. It names nothing and grants
 * nothing: the check-in that follows says what there is. An unknown event is ignored.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';

/** The name of the one event there is. */
export const CHECK_IN_EVENT = 'check-in';
/** The longest that a device waits by the word of an event, or before it opens a stream again. */
export const EVENT_SECONDS_MAX = 3600;
/** A stream says something this often; one that is silent for three times as long is broken. */
export const HEARTBEAT_SECONDS = 30;

export const CheckInEvent = Type.Object({
  /** Come at a random moment of so many seconds. */
  withinSeconds: Type.Number({ minimum: 0, maximum: EVENT_SECONDS_MAX }),
});
export type CheckInEvent = Static<typeof CheckInEvent>;
