/** Releases that go to devices without a server's word, and what people may not have meant by it. Warnings all. */
import { LIMITS } from '@tidegate/protocol';
import type { Finding } from './finding.ts';
import type { Image } from './images.ts';

/** Less leaves too little time to halt a rollout, understand why, and have a hold signed and delivered. */
const LEAST_DAYS = 3;

export function selfOfferFindings(images: readonly Image[]): Finding[] {
  return images.flatMap(image => [
    ...soon(image),
    ...partial(image),
    ...unscheduled(image, images),
    ...withoutStone(image, images),
  ]);
}

function soon(image: Image): Finding[] {
  const { path, selfOfferAfterDays: days = LEAST_DAYS } = image;
  if (days >= LEAST_DAYS) return [];
  const message = `${path}: ${days} day(s) after its release every device offers it to its owner, halted rollout or not.`;
  return [warning('self-offer-soon', image, message, `Give selfOfferAfterDays at least ${LEAST_DAYS} days.`)];
}

function partial(image: Image): Finding[] {
  const last = image.schedule?.at(-1)?.basisPoints ?? LIMITS.shareMax;
  if (last === LIMITS.shareMax) return [];
  const message = `${image.path}: its schedule ends at ${last} of ${LIMITS.shareMax}; without a server the other devices never get it.`;
  return [warning('schedule-partial', image, message, `End the schedule with basisPoints: ${LIMITS.shareMax}.`)];
}

/** Devices without a server follow schedules alone: one forgotten leaves them where they are. */
function unscheduled(image: Image, images: readonly Image[]): Finding[] {
  if (image.schedule) return [];
  const line = images.filter(i => isBeside(i, image));
  if (line.some(i => i.counter > image.counter) || !line.some(i => i.schedule)) return [];
  const message = `${image.path} has no schedule, though releases before it have one; devices without a server do not get it.`;
  return [warning('schedule-missing', image, message, 'Release it with a schedule, if there are such devices.')];
}

function withoutStone(image: Image, images: readonly Image[]): Finding[] {
  const { minFromCounter, counter } = image;
  if (minFromCounter === undefined) return [];
  const stones = images.filter(i => isBeside(i, image) && i.counter >= minFromCounter && i.counter < counter);
  return (['schedule', 'selfOfferAfterDays'] as const).flatMap(field => {
    if (image[field] === undefined || stones.some(s => s[field] !== undefined)) return [];
    const message = `${image.path} has ${field}, but no stepping stone to it has: older devices reach neither without a server.`;
    return [warning('stone-not-offered', image, message, `Give the stepping stone its ${field} too.`)];
  });
}

/** Another image that some of the same devices could run. */
function isBeside(a: Image, b: Image): boolean {
  return (
    a !== b &&
    a.product === b.product &&
    a.channel === b.channel &&
    a.component === b.component &&
    a.hardware.some(h => b.hardware.includes(h))
  );
}

function warning(code: Finding['code'], { role, path }: Image, message: string, remedy: string): Finding {
  return { code, severity: 'warning', role, path, message, remedy };
}
