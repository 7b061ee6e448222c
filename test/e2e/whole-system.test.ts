/**
 * A device whose whole system is one image: the real agent as a process, started by a boot loader that does with GRUB's
 * variables what the guide's script does. The image comes over a line that breaks.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { METADATA_BASE, TARGETS_BASE } from '@tidegate/protocol';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { runToEnd } from '../src/child.ts';
import { AGENT_CLI } from '../src/device.ts';
import { openSigningDesk } from '../src/signing-desk.ts';
import { type Served, startStaticServer } from '../src/static-server.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { makeStillClock, manufactureTimed } from '../src/timed-device.ts';

const SLOT_BYTES = 8 * 1024 * 1024;
const OLD = randomBytes(SLOT_BYTES);
const IMAGE = randomBytes(6_000_000);
const everybody = [{ afterHours: 0, basisPoints: 10_000 }];

async function manufacture(closing: AsyncDisposableStack) {
  const { path: folder } = closing.use(await tempFolder('tidegate-system'));
  const at = (name: string) => join(folder, name);
  const clock = makeStillClock(Math.floor(Date.now() / 1000) * 1000);
  const now = () => new Date(clock.now());
  const desk = await openSigningDesk({ folder: at('signing'), products: ['gw2'], scryptN: 1024, now });
  const server = closing.use(await startStaticServer({ metadata: new Map(), artifacts: new Map() }));
  const release = async (version: string, image: Buffer) => {
    await writeFile(at(`${version}.img`), image);
    await desk.release({
      file: at(`${version}.img`),
      version,
      component: 'rootfs',
      format: 'image',
      schedule: everybody,
    });
    await desk.refresh();
    await desk.repository.mirror({ folder: at('www') });
    server.serve(await laidOut(at('www')));
  };
  await release('1.0.0', OLD);
  const device = await manufactureTimed({
    folder: at('device'),
    clock,
    rootFile: desk.rootFile,
    mirrors: [server.url],
  });
  const config = parse(await readFile(device.configFile, 'utf8')) as object;
  const component = {
    name: 'rootfs',
    installer: 'ab-image',
    slots: { a: at('slot-a'), b: at('slot-b') },
    boot: { loader: 'grub', environment: at('grubenv') },
    trialBoots: 2,
    commandLineFile: at('cmdline'),
    factory: { version: '1.0.0', counter: 1 },
    check: { command: ['test', '!', '-e', at('ill')] },
  };
  const rebootCommand = ['touch', at('restarts')];
  await writeFile(device.configFile, stringify({ ...config, rebootCommand, components: [component] }));
  await writeFile(at('slot-a'), OLD);
  await writeFile(at('slot-b'), Buffer.alloc(SLOT_BYTES));
  await writeFile(at('grubenv'), block({ tidegate_slot: 'a', upgrade_available: '0', bootcount: '0', bootlimit: '2' }));
  await boot(at);
  await device.owner('POST', '/v1/setup', { automaticUpdates: true });
  const run = () => runToEnd([AGENT_CLI, 'run', '--once', '--config', device.configFile]);
  return { at, server, release, run };
}

/** What a web server finds in the folder. */
async function laidOut(www: string): Promise<Served> {
  const filesIn = async (folder: string) => {
    const entries = await readdir(join(www, folder), { recursive: true, withFileTypes: true });
    const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
    const base = join(www, folder).length + 1;
    return new Map(await Promise.all(paths.map(async path => [path.slice(base), await readFile(path)] as const)));
  };
  return { metadata: await filesIn(METADATA_BASE), artifacts: await filesIn(TARGETS_BASE) };
}

type At = (name: string) => string;

/** One start of the machine. @returns the slot that runs then */
async function boot(at: At): Promise<string> {
  await rm(at('restarts'), { force: true });
  const lines = (await readFile(at('grubenv'), 'latin1')).split('\n').filter(line => line.includes('='));
  const set = Object.fromEntries(lines.map(line => line.split('=') as [string, string]));
  let slot = set['tidegate_slot'] ?? '';
  if (set['upgrade_available'] === '1') {
    const bootcount = Number(set['bootcount']) + 1;
    await writeFile(at('grubenv'), block({ ...set, bootcount: String(bootcount) }));
    if (bootcount > Number(set['bootlimit'])) slot = slot === 'a' ? 'b' : 'a';
  }
  await writeFile(at('cmdline'), `root=/dev/vda3 tidegate.slot=${slot}\n`);
  return slot;
}

function block(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return `# GRUB Environment Block\n${lines.join('')}`.padEnd(1024, '#');
}

const holds = async (path: string, image: Buffer) => (await readFile(path)).subarray(0, image.length).equals(image);

test('a system goes straight into the other slot, over a line that breaks, and runs after the restart', async () => {
  await using closing = new AsyncDisposableStack();
  const { at, server, release, run } = await manufacture(closing);
  await release('1.1.0', IMAGE);
  server.twist('1.1.0.img', { kind: 'cut', after: 4_000_000 });
  const broken = await run();
  expect(broken.stderr).toContain('network');
  server.honest();
  await run();
  expect(existsSync(at('restarts'))).toBe(true);
  expect([await holds(at('slot-a'), OLD), await holds(at('slot-b'), IMAGE)]).toEqual([true, true]);
  // Nothing of the image lies beside the slot, and what had come was not fetched again.
  expect((await readdir(at('device/net/downloads'))).every(name => name.endsWith('.json'))).toBe(true);
  const asked = server.requests.filter(request => request.includes('1.1.0.img'));
  expect(asked).toEqual([
    expect.stringMatching(/1\.1\.0\.img$/),
    expect.stringMatching(/1\.1\.0\.img bytes=[1-9]\d{6}-$/),
  ]);

  expect(await boot(at)).toBe('b');
  expect((await run()).stdout).toContain('"version":"1.1.0"');
  for (let i = 0; i < 3; i++) expect(await boot(at)).toBe('b');
});

test('a system that does not prove itself is left by a restart, and not tried again', async () => {
  await using closing = new AsyncDisposableStack();
  const { at, release, run } = await manufacture(closing);
  await release('1.1.0', IMAGE);
  await run();
  expect(await boot(at)).toBe('b');
  await writeFile(at('ill'), '');
  await run();
  expect(existsSync(at('restarts'))).toBe(true);
  expect(await boot(at)).toBe('a');
  await run();
  await run();
  expect(existsSync(at('restarts'))).toBe(false);
  expect(await holds(at('slot-a'), OLD)).toBe(true);
  for (let i = 0; i < 3; i++) expect(await boot(at)).toBe('a');
});
