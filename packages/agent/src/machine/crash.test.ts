import { expect, test } from 'vitest';
import { BREAKS, type Break, breakAt } from '../durable/broken-files.ts';
import { openTestDevice, type TestDevice } from './test-device.ts';

/** Starts the agent, lets it update, and breaks its Nth write; whatever it throws is what a crash looks like. */
async function updateBrokenAt(device: TestDevice, n: number, kind: Break): Promise<boolean> {
  const broken = breakAt(n, kind);
  const life = device.boot(broken.files).then(agent => agent.once());
  await Promise.race([life, broken.dead]).catch(() => undefined);
  return broken.reached();
}

interface Found {
  readonly state: string;
  readonly serves: string;
  readonly runs: string | undefined;
  /** What the slot that runs really holds. */
  readonly holds: string;
  readonly isGood: boolean | undefined;
  readonly floor: number;
}

/** What one sees who looks at the device, after one more start of the agent. */
async function lookAt(device: TestDevice): Promise<Found> {
  const agent = await device.boot();
  const { running, records } = await agent.installer.slots();
  return {
    state: agent.driver.state().name,
    serves: await device.serves(),
    runs: records[running]?.version,
    holds: await device.runningSlotHolds(),
    isGood: records[running]?.good,
    floor: agent.floor(),
  };
}

/** An update has more durable writes than this: a run that was never hit must have come past them all. */
const WRITES_AT_LEAST = 15;

test.each(BREAKS)('a good release ends verified, whichever write a %s hits', async kind => {
  for (let n = 1; ; n++) {
    await using device = await openTestDevice();
    await device.answerSetup(true);
    await device.release('1.1.0', 2);
    const wasHit = await updateBrokenAt(device, n, kind);
    const broken = await lookAt(device);
    expect({ n, holds: broken.holds }).toEqual({ n, holds: broken.runs });
    // The floor rises only after the commit: it must never shut out what may still have to run.
    expect({ n, isShutOut: broken.floor > 1 && !broken.isGood }).toEqual({ n, isShutOut: false });

    const agent = await device.boot();
    await agent.once();
    await agent.once();
    const end = { state: 'idle', serves: '1.1.0', runs: '1.1.0', holds: '1.1.0', isGood: true, floor: 2 };
    expect({ n, ...(await lookAt(device)) }).toEqual({ n, ...end });
    expect({ n, verified: device.told().includes('verified') }).toEqual({ n, verified: true });
    if (wasHit) continue;
    expect(n).toBeGreaterThan(WRITES_AT_LEAST);
    return;
  }
});

test.each(BREAKS)('a bad release ends with the old one running, whichever write a %s hits', async kind => {
  for (let n = 1; ; n++) {
    await using device = await openTestDevice();
    await device.answerSetup(true);
    await device.release('1.1.0', 2, 500);
    const wasHit = await updateBrokenAt(device, n, kind);
    const broken = await lookAt(device);
    expect({ n, holds: broken.holds, floor: broken.floor }).toEqual({ n, holds: broken.runs, floor: 1 });

    const agent = await device.boot();
    await agent.once();
    await agent.once();
    const end = { state: 'idle', serves: '1.0.0', runs: '1.0.0', holds: '1.0.0', isGood: true, floor: 1 };
    expect({ n, ...(await lookAt(device)) }).toEqual({ n, ...end });
    // The cause is not lost on the way back.
    const ends = device.told().filter(s => s.startsWith('rolledBack'));
    expect({ n, ends: new Set(ends) }).toEqual({ n, ends: new Set(['rolledBack health-failed']) });
    // One trial before the crash and one after it at most: never round and round.
    const trials = device.told().filter(s => s === 'trial').length;
    expect({ n, isBounded: trials <= 2 }).toEqual({ n, isBounded: true });
    if (wasHit) continue;
    expect(n).toBeGreaterThan(WRITES_AT_LEAST);
    return;
  }
});
