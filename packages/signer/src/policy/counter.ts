/**
 * The release counter: one rising sequence per product and component, over all channels and hardware, and one number
 * per version. Devices go by it alone, so a slip here cannot be taken back; hence the small steps.
 */
import { LIMITS } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';

/** A full image that is listed already, in whichever channel. */
export interface Listed {
  readonly component: string;
  readonly version: string;
  readonly counter: number;
  readonly hardware: readonly string[];
  readonly sha256: string;
}

export interface Wanted {
  readonly version: string;
  readonly hardware: readonly string[];
  readonly sha256: string;
  /** Asked for by hand; the next one where absent. */
  readonly counter?: number | undefined;
}

/**
 * @param listed all that is listed of the product's component, drafts included
 * @throws SignerError `version-reused`, `counter-fixed`, `counter-not-rising`, `counter-step`
 */
export function decideCounter(listed: readonly Listed[], wanted: Wanted): number {
  const same = listed.filter(l => l.version === wanted.version);
  const [first] = same;
  if (first) return keptCounter(first, same, wanted);

  const highest = Math.max(0, ...listed.map(l => l.counter));
  const counter = wanted.counter ?? highest + 1;
  if (counter <= highest) {
    throw new SignerError(
      'counter-not-rising',
      `Counter ${counter} is not above ${highest}, the highest so far. Leave --counter out to take the next one.`,
    );
  }
  if (counter > highest + LIMITS.counterStep || counter > LIMITS.counterMax) {
    throw new SignerError(
      'counter-step',
      `Counter ${counter} is more than ${LIMITS.counterStep} above ${highest}. Take a smaller one.`,
    );
  }
  return counter;
}

/** Promotion to another channel, or the same version for more hardware: the counter stays, and so do the bytes. */
function keptCounter(first: Listed, same: readonly Listed[], wanted: Wanted): number {
  const other = same.find(l => l.sha256 !== wanted.sha256 && l.hardware.some(h => wanted.hardware.includes(h)));
  if (other) {
    throw new SignerError(
      'version-reused',
      `Version ${wanted.version} is listed for ${other.hardware.join(', ')} with other bytes ` +
        `(${other.sha256.slice(0, 12)}). Give the new image a version of its own.`,
    );
  }
  if (wanted.counter !== undefined && wanted.counter !== first.counter) {
    throw new SignerError(
      'counter-fixed',
      `Version ${wanted.version} has counter ${first.counter} for good. Leave --counter out.`,
    );
  }
  return first.counter;
}

/**
 * The same rule over lists that are about to be signed, however they were written.
 * @param listed all that is listed of a product, drafts included
 * @throws SignerError `counter-fixed`, `version-reused`, `counter-step`
 */
export function checkCounters(listed: readonly Listed[]): void {
  for (const [component, entries] of Map.groupBy(listed, l => l.component)) checkComponent(component, entries);
}

function checkComponent(component: string, entries: readonly Listed[]): void {
  let before: Listed | undefined;
  for (const entry of entries.toSorted((a, b) => a.counter - b.counter)) {
    const { version, counter } = entry;
    const twin = entries.find(e => (e.version === version) !== (e.counter === counter));
    if (twin) {
      throw new SignerError(
        'counter-fixed',
        `${component} ${version} has counter ${counter}, but ${twin.version} has ${twin.counter}: a counter is for one version.`,
      );
    }
    keptCounter(
      entry,
      entries.filter(e => e.version === version),
      entry,
    );
    if (before && counter > before.counter + LIMITS.counterStep) {
      throw new SignerError('counter-step', `${component} jumps from counter ${before.counter} to ${counter}.`);
    }
    before = entry;
  }
}
