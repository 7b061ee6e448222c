/**
 * `published.json`: what was last brought to a server from this folder, so that people see what is not out yet.
 * A note and no more: nothing is decided by it, and without it everything counts as unpublished.
 */
import { join } from 'node:path';
import { closed, jsonParser } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { readBounded, writeDurably } from './durable-file.ts';
import { checkRoom } from './room.ts';
import type { Store } from './store.ts';

const Published = closed({
  format: Type.Literal(1),
  at: Type.String({ maxLength: 32 }),
  /** Version of each role's list, by role. */
  versions: Type.Record(Type.String({ maxLength: 100 }), Type.Integer({ minimum: 1 })),
});
export type Published = Static<typeof Published>;

const parsePublished = jsonParser(Published);
export const PUBLISHED_BYTES = 128 * 1024;

export async function notePublished(store: Store, note: Omit<Published, 'format'>): Promise<void> {
  await writeDurably(path(store), `${JSON.stringify({ format: 1, ...note }, null, 2)}\n`);
}

/**
 * Asked before anything is published, since what is out and not noted would look as if it were not.
 * @throws SignerError `disk-full`
 */
export async function checkRoomForNote(store: Store): Promise<void> {
  await checkRoom(store.dir, PUBLISHED_BYTES);
}

/** @returns undefined where nothing was published from here yet, or the note cannot be read */
export async function lastPublished(store: Store): Promise<Published | undefined> {
  const bytes = await readBounded(path(store), PUBLISHED_BYTES);
  const parsed = bytes && parsePublished(bytes.toString('utf8'));
  return parsed?.ok === true ? parsed.value : undefined;
}

function path(store: Store): string {
  return join(store.dir, 'published.json');
}
