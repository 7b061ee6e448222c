/**
 * Releases whose counters and version numbers go different ways. Devices go by the counter alone: a fix branched from
 * an older line, signed after a newer line, takes the newer line's features away from every device that has them; and a
 * release in another channel whose counter was passed can no longer follow. Versions are labels, so only dotted numbers
 * are compared, and these are warnings.
 */
import type { Finding } from './finding.ts';
import type { Image } from './images.ts';

export function lineFindings(images: readonly Image[]): Finding[] {
  return images
    .filter(image => isNewest(image, images))
    .flatMap(newest => [...lost(newest, images), ...blocked(newest, images)]);
}

/** The one that devices of some hardware end up with in this channel. */
function isNewest(image: Image, images: readonly Image[]): boolean {
  return image.hardware.some(
    hardware =>
      !images.some(
        i =>
          sameLine(i, image) &&
          i.channel === image.channel &&
          i.hardware.includes(hardware) &&
          i.counter > image.counter,
      ),
  );
}

function lost(newest: Image, images: readonly Image[]): Finding[] {
  const passed = images
    .filter(i => i.channel === newest.channel && isAhead(i, newest))
    .toSorted((a, b) => b.counter - a.counter)[0];
  if (!passed) return [];
  const { role, path, component, version, counter } = newest;
  const message =
    `${component} ${version} (counter ${counter}, class ${newest.class}) goes to devices that run ${passed.version} ` +
    `(counter ${passed.counter}): what is new in ${passed.version} would be taken away from them.`;
  const remedy = `Put the change on top of ${passed.version} and release that too; list this one only if the features are to go.`;
  return [{ code: 'features-lost', severity: 'warning', role, path, message, remedy }];
}

function blocked(newest: Image, images: readonly Image[]): Finding[] {
  const left = images
    .filter(i => i.channel !== newest.channel && isAhead(i, newest))
    .filter(i => !images.some(p => p.channel === newest.channel && sameLine(p, i) && p.version === i.version))
    .toSorted((a, b) => b.counter - a.counter)[0];
  if (!left) return [];
  const { role, path, component, version, counter, channel } = newest;
  const message =
    `${component} ${left.version} of ${left.channel} has counter ${left.counter}, below ${counter} of ${version}: ` +
    `once devices run ${version}, ${left.version} cannot follow in ${channel}.`;
  const remedy = `Give what is to follow in ${channel} a version of its own, built after ${version}.`;
  return [{ code: 'promotion-blocked', severity: 'warning', role, path, message, remedy }];
}

/** Newer by its version, older by its counter, for some of the same hardware. */
function isAhead(image: Image, newest: Image): boolean {
  return (
    sameLine(image, newest) &&
    image.counter < newest.counter &&
    image.hardware.some(h => newest.hardware.includes(h)) &&
    (compareVersions(image.version, newest.version) ?? 0) > 0
  );
}

function sameLine(a: Image, b: Image): boolean {
  return a.product === b.product && a.component === b.component;
}

/** By dotted numbers (1.10.0 is above 1.9); undefined where one is no such number. What follows - or + is not compared. */
export function compareVersions(a: string, b: string): number | undefined {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  if (!left || !right) return undefined;
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] | undefined {
  const found = /^v?(\d{1,9}(?:\.\d{1,9}){0,5})(?:[-+].*)?$/.exec(version)?.[1];
  return found?.split('.').map(Number);
}
