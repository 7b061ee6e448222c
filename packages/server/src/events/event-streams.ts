/**
 * The event streams that devices hold open, one a device: told in batches, at random within each, at the pace of the
 * check-ins that they will answer with. Bounded in number and in what waits to be sent. Nothing is promised: a device that
 * hears nothing comes by its own schedule. Owns timers and streams; `close` ends them, and asks to come again at random.
 */
import { Readable } from 'node:stream';
import { CHECK_IN_EVENT, type CheckInEvent, HEARTBEAT_SECONDS } from '@tidegate/protocol';
import { ServerError } from '../server-error.ts';
import type { Listener, News } from './whom-to-tell.ts';

const BATCH_MS = 250;
/** Of the check-ins that this process may carry; the rest is for those who come by themselves. */
const SHARE = 0.5;
const WITHIN_SECONDS = 2;
/** A device that does not read is cut off. */
const UNREAD_BYTES = 4096;
const COME_AGAIN_SECONDS = 60;

export interface EventStreams {
  /** @param mayGoOn asked at each heartbeat. @throws ServerError overloaded where there are enough */
  readonly open: (listener: Listener, mayGoOn: () => boolean) => Readable;
  readonly tell: (news: News) => void;
  readonly size: () => number;
  readonly close: () => void;
}

export interface EventStreamsDeps {
  readonly most: number;
  readonly checkInsPerSecond: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

interface Held {
  readonly listener: Listener;
  readonly stream: Readable;
}

export function openEventStreams({ most, checkInsPerSecond, random }: EventStreamsDeps): EventStreams {
  const held = new Map<string, Held>();
  /** Those still to be told, in the order in which they are. */
  let waiting = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  /** Parts of a device that a batch could not tell. */
  let credit = 0;

  const comeAgain = () => `retry: ${Math.round(1000 * COME_AGAIN_SECONDS * random())}\n\n`;

  function say({ stream }: Held, text: string): void {
    if (stream.readableLength > UNREAD_BYTES) stream.destroy();
    else stream.push(text);
  }
  function end(one: Held): void {
    say(one, comeAgain());
    one.stream.push(null);
  }
  function tellBatch(): void {
    credit += (checkInsPerSecond() * SHARE * BATCH_MS) / 1000;
    const event: CheckInEvent = { withinSeconds: WITHIN_SECONDS };
    for (const id of waiting) {
      if (credit < 1) break;
      waiting.delete(id);
      const one = held.get(id);
      if (!one) continue;
      credit--;
      say(one, `event: ${CHECK_IN_EVENT}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    credit = 0;
  }

  return {
    open: (listener, mayGoOn) => {
      const before = held.get(listener.id);
      if (!before && held.size >= most) {
        throw new ServerError('overloaded', 'as many devices listen as this server takes: poll instead', {
          retryAfterSeconds: COME_AGAIN_SECONDS + Math.floor(COME_AGAIN_SECONDS * random()),
        });
      }
      if (before) end(before);
      const one: Held = { listener, stream: new Readable({ read: () => undefined }) };
      const heartbeat = setInterval(() => {
        if (mayGoOn()) say(one, ':\n\n');
        else end(one);
      }, HEARTBEAT_SECONDS * 1000);
      one.stream.once('close', () => {
        clearInterval(heartbeat);
        if (held.get(listener.id) === one) held.delete(listener.id);
      });
      held.set(listener.id, one);
      say(one, comeAgain());
      return one.stream;
    },
    tell: ({ stops, openings }) => {
      const listeners = shuffled(
        [...held.values()].map(h => h.listener),
        random,
      );
      const first = listeners.filter(stops);
      const then = listeners.filter(l => !stops(l) && openings(l));
      waiting = new Set([...first.map(l => l.id), ...waiting, ...then.map(l => l.id)]);
      if (waiting.size > 0) timer ??= setInterval(tellBatch, BATCH_MS);
    },
    size: () => held.size,
    close: () => {
      clearInterval(timer);
      for (const one of held.values()) end(one);
    },
  };
}

function shuffled<T>(items: T[], random: () => number): T[] {
  return items
    .map(item => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
