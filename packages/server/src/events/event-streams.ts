/**
 * The event streams that devices hold open, one a device: told in batches, at random within each, at the pace of the
 * check-ins that they will answer with. Bounded in number and in what waits to be sent. Nothing is promised: a device that
 * hears nothing comes by its own schedule. Owns timers and streams; `close` ends them, and asks to come again at random.
 */
import { Readable } from 'node:stream';
import { CHECK_IN_EVENT, type CheckInEvent, HEARTBEAT_SECONDS } from '@tidegate/protocol';
import { ServerError } from '../server-error.ts';
import type { Listener } from './whom-to-tell.ts';

const BATCH_MS = 250;
/** Of the check-ins that this process may carry; the rest is for those who come by themselves. */
const SHARE = 0.5;
/** Two batches long: who is told spreads the rest itself, and a stop is still heard within a second. */
const WITHIN_SECONDS = 0.5;
/** A device that does not read is cut off. */
const UNREAD_BYTES = 4096;
const COME_AGAIN_SECONDS = 60;

export interface EventStreams {
  /** @param mayGoOn asked at each heartbeat. @throws ServerError overloaded where there are enough */
  readonly open: (listener: Listener, mayGoOn: () => boolean) => Readable;
  /** Ids of the devices that listen. */
  readonly listening: () => readonly string[];
  readonly tell: (isMeant: (listener: Listener) => boolean) => void;
  /** The same before all who wait to be told. */
  readonly tellFirst: (ids: ReadonlySet<string>) => void;
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

  function wait(ids: readonly string[]): void {
    waiting = new Set(ids);
    if (waiting.size > 0) timer ??= setInterval(tellBatch, BATCH_MS);
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
    listening: () => [...held.keys()],
    tell: isMeant => {
      const meant = [...held.values()].filter(h => isMeant(h.listener)).map(h => h.listener.id);
      wait([...waiting, ...shuffled(meant, random)]);
    },
    tellFirst: ids => {
      const meant = [...held.keys()].filter(id => ids.has(id));
      wait([...shuffled(meant, random), ...waiting]);
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
