/**
 * Tells the devices that listen of what changes on the board. Of a stop, exactly those hear that have an update of it under
 * way: of all that listen they are few, and each of them must hear soon. What cannot be looked up is told to nobody: devices
 * at work ask in any case.
 */
import type { Deps } from '../deps.ts';
import type { Board } from '../rollout/board.ts';
import type { EventStreams } from './event-streams.ts';
import { changesOf } from './whom-to-tell.ts';
import { devicesUnderWay } from './under-way-store.ts';

export interface TellingDeps extends Deps {
  readonly board: Pick<Board, 'onChange'>;
  readonly events: Pick<EventStreams, 'listening' | 'tell' | 'tellFirst'>;
}

export function tellOfChanges({ board, events, db, clock, log }: TellingDeps): void {
  const tellStops = async (stopped: readonly string[]) => {
    try {
      events.tellFirst(await devicesUnderWay(db, stopped, events.listening()));
    } catch (error) {
      log.warn(
        { err: error },
        'devices at work hear of a stop when they next ask: it could not be looked up who they are',
      );
    }
  };
  board.onChange((before, after) => {
    const { stopped, opensFor } = changesOf(before, after, clock.now());
    if (stopped.length > 0) void tellStops(stopped);
    if (opensFor) events.tell(opensFor);
  });
}
