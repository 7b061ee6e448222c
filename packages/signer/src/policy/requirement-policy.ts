/** Whether what a release asks of a device can be met from its channel, for all of its hardware. Pure. */
import type { Firmware } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';

/** @param listed the channel's images as they will be. @throws SignerError `requirement-unmet` */
export function checkRequirements(release: Firmware, listed: readonly Firmware[], path: string): void {
  const { component, counter, minFromCounter, requires = [] } = release;
  for (const { component: needed, minCounter } of requires) {
    if (needed === component) {
      throw unmet(path, `requires its own component; say minFromCounter instead`);
    }
    const without = uncovered(release, listed, f => f.component === needed && f.counter >= minCounter);
    if (without !== undefined) {
      throw unmet(path, `requires ${needed} at counter ${minCounter}, which the channel has not for ${without}`);
    }
  }
  if (minFromCounter === undefined) return;
  if (minFromCounter >= counter) {
    throw unmet(path, `has counter ${counter}, and can be installed from counter ${minFromCounter} on only`);
  }
  const isStone = (f: Firmware) => f.component === component && f.counter >= minFromCounter && f.counter < counter;
  const without = uncovered(release, listed, isStone);
  if (without !== undefined) {
    throw unmet(path, `is installed from counter ${minFromCounter} on, which the channel has not for ${without}`);
  }
}

/** Hardware of the release for which no image is as it should be. */
function uncovered(
  { hardware }: Firmware,
  listed: readonly Firmware[],
  isGood: (firmware: Firmware) => boolean,
): string | undefined {
  const good = listed.filter(isGood);
  return hardware.find(id => !good.some(f => f.hardware.includes(id)));
}

function unmet(path: string, what: string): SignerError {
  return new SignerError('requirement-unmet', `${path} ${what}. Devices would wait for it for ever.`);
}
