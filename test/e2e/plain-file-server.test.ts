/** A fleet without an update server: real agents, the product's own signer, and Python's plain file server on a folder. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cohort, scheduleSalt } from '@tidegate/protocol/cohort';
import { expect, test } from 'vitest';
import { runToEnd, startChild } from '../src/child.ts';
import { AGENT_CLI } from '../src/device.ts';
import { type FileToSign, openSigningDesk } from '../src/signing-desk.ts';
import { FILE_COMPONENT, installedFile } from '../src/single-file.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { makeStillClock, manufactureTimed, type TimedDevice } from '../src/timed-device.ts';

const DEVICES = 40;
const AT_ONCE = 4;
const HOUR_MS = 3600_000;
const schedule = [
  { afterHours: 0, basisPoints: 2000 },
  { afterHours: 24, basisPoints: 5000 },
  { afterHours: 72, basisPoints: 10_000 },
];

/** A manufacturer with a signing desk, a folder that a file server serves, and a clock of its own. */
async function openMaker(closing: AsyncDisposableStack) {
  const { path: folder } = closing.use(await tempFolder('tidegate-files'));
  const clock = makeStillClock(Math.floor(Date.now() / 1000) * 1000);
  const now = () => new Date(clock.now());
  const desk = await openSigningDesk({ folder: join(folder, 'signing'), products: ['gw2'], scryptN: 1024, now });
  const www = join(folder, 'www');
  const layOut = async () => {
    await desk.refresh();
    await desk.repository.mirror({ folder: www });
  };
  await layOut();
  const files = await startChild({
    program: 'python3',
    args: ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1', '--directory', www],
    logFile: join(folder, 'files.log'),
    isReady: line => line.startsWith('Serving HTTP'),
  });
  closing.defer(async () => void (await files.stop()));
  const port = /port (\d+)/.exec(files.readyLine)?.[1] ?? '0';
  const release = async (version: string, more: Partial<FileToSign>) => {
    const file = join(folder, `${version}.txt`);
    await writeFile(file, `firmware ${version}`);
    const { path } = await desk.release({ file, version, component: FILE_COMPONENT, format: 'file', ...more });
    await layOut();
    return path;
  };
  const device = (name: string) =>
    manufactureTimed({
      folder: join(folder, name),
      clock,
      rootFile: desk.rootFile,
      mirrors: [`http://127.0.0.1:${port}`],
    });
  return { folder, clock, desk, layOut, release, device };
}

function targetOf(version: string): string {
  return `gw2/stable/${FILE_COMPONENT}/${version}/${version}.txt`;
}

function count(flags: readonly boolean[]): number {
  return flags.filter(Boolean).length;
}

async function each<T>(devices: readonly TimedDevice[], work: (device: TimedDevice) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  const queue = [...devices.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

test('a fleet on a plain file server', { timeout: 300_000 }, async () => {
  await using closing = new AsyncDisposableStack();
  const maker = await openMaker(closing);
  const { clock, desk, layOut } = maker;
  // The factory's own counter comes first.
  await maker.release('1.0.0', {});
  const devices = await Promise.all(Array.from({ length: DEVICES }, (_, i) => maker.device(`device-${i}`)));
  await each(devices, device => device.owner('POST', '/v1/setup', { automaticUpdates: true }));
  const ids = await each(devices, device => device.ownId());
  const below = (path: string, share: number) => ids.map(id => cohort(scheduleSalt(path), id) < share);
  /** A label under which some devices come first and some last, wherever chance put their ids. */
  const labelled = (minor: number) => {
    for (let patch = 0; ; patch++) {
      const version = `1.${minor}.${patch}`;
      const path = targetOf(version);
      const [first, half] = [count(below(path, 2000)), count(below(path, 5000))];
      if (first >= 2 && first < half && half < DEVICES) return { version, path };
    }
  };
  /** One run of each. @returns who has the version then */
  const runAll = async (version: string) => {
    const statuses = await each(devices, device => device.run());
    return statuses.map(({ components }) => components[0]?.version === version);
  };

  const good = labelled(1);
  expect(await maker.release(good.version, { schedule })).toBe(good.path);
  const first = below(good.path, 2000);
  const [killed, refuser] = [first.indexOf(true), first.lastIndexOf(true)];
  await devices[refuser]?.owner('PUT', '/v1/settings/updates', { automatic: false });
  // Its power goes in the middle of the installation, on its first day.
  expect(await devices[killed]?.run('installing')).toMatchObject({ state: 'installing' });

  const allowed = (taken: boolean[]) => taken.map((took, i) => took && i !== refuser);
  expect(await runAll(good.version)).toEqual(allowed(first));
  clock.pass(24 * HOUR_MS);
  await layOut();
  expect(await runAll(good.version)).toEqual(allowed(below(good.path, 5000)));
  clock.pass(48 * HOUR_MS);
  await layOut();
  expect(await runAll(good.version)).toEqual(allowed(ids.map(() => true)));
  expect(await devices[refuser]?.run()).toMatchObject({
    server: 'none',
    update: {
      version: '1.1.0',
      offeredBy: 'device',
      waits: expect.stringContaining('Apply it when you like') as string,
    },
  });

  // The next one is ill: the first of the fleet take it, a signed hold ends it.
  const ill = labelled(2);
  await maker.release(ill.version, { schedule });
  const early = allowed(below(ill.path, 2000));
  expect(await runAll(ill.version)).toEqual(early);
  await desk.hold(ill.version, FILE_COMPONENT);
  clock.pass(72 * HOUR_MS);
  await layOut();
  expect(await runAll(ill.version)).toEqual(early);

  // The owner who wanted none takes what she likes, by herself.
  await devices[refuser]?.owner('POST', '/v1/apply');
  expect((await devices[refuser]?.run())?.components[0]?.version).toBe(good.version);
});

test('the agent as a process, run by a timer: no enrolment, no server, one command each time', async () => {
  await using closing = new AsyncDisposableStack();
  const maker = await openMaker(closing);
  await maker.release('1.0.0', {});
  const device = await maker.device('device');
  await device.owner('POST', '/v1/setup', { automaticUpdates: true });
  await maker.release('1.1.0', { schedule: [{ afterHours: 0, basisPoints: 10_000 }] });
  const run = await runToEnd([AGENT_CLI, 'run', '--once', '--config', device.configFile]);
  expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('"server":"none"') as string });
  expect(await readFile(installedFile(join(maker.folder, 'device'), '1.1.0.txt'), 'utf8')).toBe('firmware 1.1.0');
  const enrol = await runToEnd([AGENT_CLI, 'enrol', '--registered-key', '--config', device.configFile]);
  expect(enrol).toMatchObject({ code: 1, stderr: expect.stringContaining('names no server') as string });
});
