/** What a build does with its image: lists it as a release, and brings its channel's list to the signing service. */
import type { ReleaseRequest, ReleaseResult } from '../edit/release.ts';
import { type ListWork, type MadeList, type SubmitTo, type Submitted, submitList } from './submit-list.ts';

export interface MadeRelease extends MadeList, Pick<ReleaseResult, 'path' | 'sha256' | 'counter'> {}

/** @throws SignerError as `submitList`, and those of the release */
export function submitRelease(to: SubmitTo, release: ReleaseRequest): Promise<Submitted<MadeRelease>> {
  let above: number | undefined;
  const work: ListWork<MadeRelease> = {
    product: release.product,
    make: async repository => {
      const counter = release.counter ?? above;
      above = undefined;
      const { onProgress } = to;
      return madeOf(await repository.addRelease({ ...release, counter, onProgress }));
    },
    overcomes: (refusal, made) => {
      if (refusal.code !== 'counter-fixed' || release.counter !== undefined) return false;
      // A list of another channel that waits, and cannot be seen from here, has given it away.
      above = made.counter + 1;
      return true;
    },
  };
  return submitList(to, work);
}

function madeOf({ role, path, sha256, counter, firmware, added }: ReleaseResult): MadeRelease {
  // When it was made differs from run to run; what it is does not.
  const { releasedAt: _at, ...described } = firmware;
  return { role, path, sha256, counter, changed: added, asked: { path, sha256, described } };
}
