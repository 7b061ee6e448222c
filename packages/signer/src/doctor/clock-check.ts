/**
 * This machine's clock against two that know better: the newest time that an online key signed, which has passed, and
 * the server's. By a wrong clock every expiry is misjudged, and lists are signed for other days than was meant.
 */
import { CLOCK_TOLERANCE_SECONDS, clockFindings } from '../lint/time-lint.ts';
import { type Diagnosis, error, sound } from './diagnosis.ts';

export interface ClockFacts {
  readonly now: Date;
  /** `x-issued` of the newest timestamp in the folder. */
  readonly issued: string | undefined;
  readonly served: ServedTime | undefined;
}

/** What a server's answer said of the time. */
export interface ServedTime {
  /** Its Date header: whole seconds. */
  readonly date: Date;
  /** This machine's clock when the answer was there, and how long it had taken. */
  readonly answeredAt: Date;
  readonly tookSeconds: number;
}

const REMEDY = 'Set the clock (timedatectl set-ntp true), then ask the doctor again.';

export function clockDiagnoses({ now, issued, served }: ClockFacts): readonly Diagnosis[] {
  const behind = clockFindings(issued, now).map(({ code, message, remedy }) =>
    error('clock', { code, message, remedy }),
  );
  const off = served ? offBy(served) : 0;
  const differs =
    off === 0
      ? []
      : [
          error('clock', {
            code: 'clock-off',
            message: `This machine's clock is ${Math.abs(off)} s ${off > 0 ? 'ahead of' : 'behind'} the server's (${served?.date.toISOString()}).`,
            remedy: REMEDY,
          }),
        ];
  const found = [...behind, ...differs];
  if (found.length > 0) return found;
  const known = [
    ...(issued === undefined ? [] : ['the newest signed time']),
    ...(served ? ["the server's clock"] : []),
  ];
  const by = known.length === 0 ? 'there is nothing to compare it with' : `it agrees with ${known.join(' and ')}`;
  return [sound('clock', `${now.toISOString()}: ${by}.`)];
}

/** Seconds ahead (or, below 0, behind) beyond what is harmless and what the way takes; 0 within it. */
function offBy({ date, answeredAt, tookSeconds }: ServedTime): number {
  const off = (answeredAt.getTime() - date.getTime()) / 1000;
  // The answer was made somewhere within the way, in a second that had begun.
  const most = CLOCK_TOLERANCE_SECONDS + tookSeconds + 1;
  return Math.abs(off) <= most ? 0 : Math.round(off);
}
