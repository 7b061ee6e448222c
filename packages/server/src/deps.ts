/** What the server's parts are handed, rather than reach for. */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { Database } from './db/schema.ts';

/** A pool or a transaction: stores take either. */
export type Db = Kysely<Database>;

export interface Deps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
}
