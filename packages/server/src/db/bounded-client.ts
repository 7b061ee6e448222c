/**
 * A connection to PostgreSQL that ends itself where an answer stays away: a line may go dead without a word, and TCP would
 * wait for it for a quarter of an hour. PostgreSQL on its side ends what takes longer, and sets free what a line that died
 * within a transaction had locked. A statement that begins with a plan's name is planned once by each connection.
 */
import pg from 'pg';

export interface BoundedConfig extends pg.ClientConfig {
  /** No statement takes longer. */
  readonly answerWithinMs: number;
}

/** PostgreSQL gives up first, so that a statement that is merely slow fails alone and keeps its connection. */
const SERVERS_SHARE = 0.9;

/**
 * For statements that run all the time, where planning costs more than running. Their text must be the same each time and
 * name its columns: a plan outlives the migration that adds some.
 */
const NAMED = /^\s*\/\* plan: ([a-z-]{1,50}) \*\//;

export class BoundedClient extends pg.Client {
  constructor({ answerWithinMs, ...config }: BoundedConfig) {
    const serversMs = Math.ceil(answerWithinMs * SERVERS_SHARE);
    super({ ...config, statement_timeout: serversMs, idle_in_transaction_session_timeout: serversMs });
    const ask = this.query.bind(this);
    // As Kysely calls it; pg's own type has a case for each of its other ways.
    const bounded = async (text: string, values?: unknown[]) => {
      // Who waits for the answer is told that the connection broke, and the pool takes another.
      const timer = setTimeout(() => this.connection.stream.destroy(), answerWithinMs);
      try {
        const name = NAMED.exec(text)?.[1];
        return await ask({ text, ...(values && { values }), ...(name !== undefined && { name }) });
      } finally {
        clearTimeout(timer);
      }
    };
    this.query = bounded as unknown as pg.Client['query'];
  }
}
