/** A device under attack beside a repository whose every key the test holds: what an attacker with some of them could sign. */
import type { Clock } from '@tidegate/agent';
import type { Firmware } from '@tidegate/protocol';
import { DAY_MS, deviceUnderAttack, type DeviceUnderAttack } from './attacked-device.ts';
import { RepoSim } from './repo-sim.ts';
import { startStaticServer, type StaticServer } from './static-server.ts';

/** Far from the machine's own time: whoever asks that one is found out. */
export const VICTIM_EPOCH_MS = Date.parse('2031-05-01T00:00:00Z');

export interface TestClock extends Clock {
  /** The wall clock; may be set to anything. */
  nowMs: number;
  /** Lets time pass, on both clocks. */
  pass(ms: number): void;
}

export interface Victim extends DeviceUnderAttack {
  readonly repo: RepoSim;
  readonly server: StaticServer;
  readonly clock: TestClock;
  /** Publishes a release that is newer than all before. @returns its path */
  release(firmware?: Partial<Firmware>, content?: Buffer): string;
  /** An honest server's next release is taken. */
  recovers(): Promise<void>;
}

export async function makeVictim(options: { readonly mirrors?: readonly string[] } = {}): Promise<Victim> {
  const clock = makeTestClock();
  const repo = new RepoSim({ now: () => clock.nowMs });
  const server = await startStaticServer(repo);
  const device = await deviceUnderAttack({
    root: repo.root(),
    product: repo.product,
    channel: repo.channel,
    sources: [server.url, ...(options.mirrors ?? [])],
    clock,
    builtAtMs: VICTIM_EPOCH_MS - DAY_MS,
  });
  let counter = 1;

  const victim: Victim = {
    ...device,
    repo,
    server,
    clock,
    get trust() {
      return device.trust;
    },

    release(firmware = {}, content) {
      counter += 1;
      const version = `1.${counter}.0`;
      return repo.release(content ?? Buffer.from(`release ${version}`), { version, counter, ...firmware });
    },

    async recovers() {
      server.honest();
      server.serve(repo);
      const content = Buffer.from(`an honest release after counter ${counter}`);
      const taken = await victim.update(victim.release({}, content));
      if (!taken.equals(content)) throw new Error('what was taken is not what was released');
    },

    async [Symbol.asyncDispose]() {
      await device[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
  return victim;
}

export function makeTestClock(nowMs = VICTIM_EPOCH_MS): TestClock {
  let monotonicMs = 0;
  const clock: TestClock = {
    nowMs,
    now: () => clock.nowMs,
    monotonicMs: () => monotonicMs,
    local: () => ({ weekday: 0, minute: 0 }),
    pass(ms) {
      clock.nowMs += ms;
      monotonicMs += ms;
    },
    sleep: ms => Promise.resolve(clock.pass(ms)),
  };
  return clock;
}
