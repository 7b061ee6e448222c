/**
 * The rollouts as this process sees them, in memory. The view is confirmed against the database every 500 ms, sooner
 * when the database tells of a change; a view that could not be confirmed for a second is not shown, so a stop
 * reaches every process in time, and a process that is cut off offers nothing.
 */
import pg from 'pg';
import type { Deps } from '../deps.ts';
import { offeringRollouts, rolloutGeneration, stoppedRollouts } from './board-store.ts';
import type { RolloutRow } from './rollout-store.ts';
import { type RunningRollout, runningRollout } from './running-rollout.ts';

const CONFIRM_MS = 500;
const TRUSTED_MS = 1000;
const CHANNEL = 'tidegate_rollouts';
/** Every process holds one connection of this name for as long as it lives. */
export const BOARD_CONNECTION = 'tidegate-board';

export interface BoardView {
  readonly rollouts: readonly RunningRollout[];
  /** Those that may offer to devices of a product and channel. */
  readonly rolloutsFor: (product: string, channel: string) => readonly RunningRollout[];
  readonly stopped: ReadonlySet<string>;
  /** Rises with retries and changes of tags: what was read of a device under a lower number may be out of date. */
  readonly deviceGeneration: number;
  /** Rollouts that had no place for another device, with the time in milliseconds until which nobody asks again. */
  readonly closedUntil: Map<string, number>;
}

export interface Board {
  /** The view; undefined while it could not be confirmed within the last second. */
  readonly current: () => BoardView | undefined;
  /** Confirms now, reading again what changed. Never throws: a failure leaves the view unconfirmed, and is logged. */
  readonly confirm: () => Promise<void>;
  /** Is told whenever the view has changed, with the one before. */
  readonly onChange: (listen: (before: BoardView, after: BoardView) => void) => void;
  readonly close: () => Promise<void>;
}

/** Opens the board and waits for its first view. */
export async function openBoard(deps: Deps & { readonly url: string }): Promise<Board> {
  const board = new ConfirmedBoard(deps);
  await board.confirm();
  return board;
}

/** A class, since it owns a connection and a timer. */
class ConfirmedBoard implements Board {
  readonly #deps: Deps & { readonly url: string };
  readonly #timer: NodeJS.Timeout;
  #listener: pg.Client | undefined;
  #view: BoardView | undefined;
  #generation = 0;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #confirming: Promise<void> | undefined;
  #again = false;
  #closed = false;
  readonly #listeners: ((before: BoardView, after: BoardView) => void)[] = [];

  constructor(deps: Deps & { readonly url: string }) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.confirm(), CONFIRM_MS);
  }

  current(): BoardView | undefined {
    const age = this.#deps.clock.now().getTime() - this.#confirmedAt;
    // A clock that was set back must not make an old view look fresh.
    return age >= 0 && age <= TRUSTED_MS ? this.#view : undefined;
  }

  onChange(listen: (before: BoardView, after: BoardView) => void): void {
    this.#listeners.push(listen);
  }

  /** Calls during a confirmation share one that starts after it: what they wait for may be newer than its reading. */
  confirm(): Promise<void> {
    if (this.#confirming) this.#again = true;
    else this.#confirming = this.#confirmUntilCaughtUp();
    return this.#confirming;
  }

  async #confirmUntilCaughtUp(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#confirmOnce();
      } catch (error) {
        if (!this.#closed) this.#deps.log.warn({ err: error }, 'the rollouts could not be confirmed; none is offered');
        // Not waited for: the connection may be the one that hangs.
        void this.#dropListener();
        break;
      }
    } while (this.#again && !this.#closed);
    // In the same turn as the check above: nobody may join a confirmation that reads no more.
    this.#confirming = undefined;
  }

  async #confirmOnce(): Promise<void> {
    const { clock, db } = this.#deps;
    const askedAt = clock.now().getTime();
    const listener = await this.#listening();
    const answer = await listener.query<{ generation: string }>('select generation from rollout_generation');
    const generation = Number(answer.rows[0]?.generation);
    if (generation !== this.#generation || !this.#view) {
      const shown = this.#view;
      // Read before the rollouts: a change in between shows as a newer generation next time.
      const before = await rolloutGeneration(db);
      const rollouts = (await offeringRollouts(db)).flatMap(row => this.#readable(row));
      this.#view = view(rollouts, await stoppedRollouts(db), before.devices);
      this.#generation = before.generation;
      if (shown) for (const listen of this.#listeners) listen(shown, this.#view);
    }
    this.#confirmedAt = askedAt;
  }

  /**
   * A rollout that this release cannot read, such as one with a filter that was allowed once, keeps no other from
   * offering.
   */
  #readable(row: RolloutRow): RunningRollout[] {
    try {
      return [runningRollout(row)];
    } catch (error) {
      this.#deps.log.error({ err: error, rolloutId: row.id }, 'a rollout cannot be read: it offers nothing');
      return [];
    }
  }

  async #listening(): Promise<pg.Client> {
    if (this.#listener) return this.#listener;
    const client = new pg.Client({
      connectionString: this.#deps.url,
      application_name: BOARD_CONNECTION,
      keepAlive: true,
      connectionTimeoutMillis: 5000,
      query_timeout: TRUSTED_MS,
    });
    client.on('error', error => {
      this.#deps.log.warn({ err: error }, 'the board lost its connection');
      if (this.#listener === client) this.#listener = undefined;
    });
    client.on('notification', () => void this.confirm());
    await client.connect();
    this.#listener = client;
    await client.query(`listen ${CHANNEL}`);
    return client;
  }

  async #dropListener(): Promise<void> {
    const client = this.#listener;
    this.#listener = undefined;
    await client?.end().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#confirming;
    await this.#dropListener();
  }
}

function view(rollouts: readonly RunningRollout[], stopped: ReadonlySet<string>, deviceGeneration: number): BoardView {
  const byChannel = Map.groupBy(rollouts, r => `${r.product}/${r.channel}`);
  return {
    rollouts,
    rolloutsFor: (product, channel) => byChannel.get(`${product}/${channel}`) ?? [],
    stopped,
    deviceGeneration,
    closedUntil: new Map(),
  };
}
