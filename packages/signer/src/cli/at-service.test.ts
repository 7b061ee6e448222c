/** Acts on signed lists by people who have a root, a key and the service's address, and no repository. */
import { hash } from 'node:crypto';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem, type TestService, testService } from '../submit/test-service.ts';
import { PASSPHRASE, release, signedRepository, START, type TestRepository } from '../test-repository.ts';
import { run } from './program.ts';
import type { Terminal } from './terminal.ts';

let made: TestRepository;
let service: TestService;
let elsewhere: string;
let now: Date;
let paused: number[];
beforeEach(async () => {
  made = await signedRepository();
  service = await testService(made.dir);
  elsewhere = await mkdtemp(join(tmpdir(), 'tidegate-elsewhere-'));
  now = START;
  paused = [];
});
afterEach(() => service[Symbol.asyncDispose]());

async function cli(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal: Terminal = {
    out: text => out.push(text),
    err: text => err.push(text),
    env: { TIDEGATE_PASSPHRASE: PASSPHRASE },
    now: () => now,
    pause: async milliseconds => paused.push(milliseconds),
    live: false,
    askSecret: undefined,
    confirm: undefined,
  };
  const code = await run([...args, '--repo', join(elsewhere, 'none')], terminal);
  return { code, out: out.join(''), err: err.join('') };
}

type KeyName = 'a' | 'b' | 'c' | 'ci';
const place = () => ['--service', service.url, '--root', join(made.dir, 'metadata', '1.root.json')];
const by = (key: KeyName) => [...place(), '--key', `file:${made.keys[key].path}`];
const HELD = ['gw2', 'rootfs', '1.0.0'];
const hold = (...more: string[]) => cli('hold', ...HELD, '--reason', 'It burns.', ...by('b'), ...more);
const json = ({ out }: { out: string }) => JSON.parse(out) as Record<string, unknown>;

/** As the service would after a submission: its list is signed and served. */
async function inForce(act: () => Promise<unknown>, signers: Record<string, readonly KeyName[]>): Promise<void> {
  await act();
  for (const [role, names] of Object.entries(signers)) {
    for (const name of names) await made.repo.sign(role, made.keys[name].signer);
  }
  const { snap, time } = made.keys;
  await made.repo.refreshOnline({ snapshot: snap.signer, timestamp: time.signer });
}
const held = () =>
  made.repo.addHold({ product: 'gw2', component: 'rootfs', version: '1.0.0', reason: { en: 'It burns.' } });

describe('hold --service', () => {
  test('takes a root, a key and an address, leaves no folder, and says that the hold is out', async () => {
    const ended = await hold();
    expect(ended).toMatchObject({ code: 0, out: 'Holds rootfs 1.0.0 of gw2. Published by h-gw2 version 2.\n' });
    expect(ended.err).toContain('No list here names rootfs 1.0.0 of gw2');
    expect(service.requests).toEqual(['POST ', 'PUT ID/artifacts', 'POST ID/submit']);
    expect(service.tokens).toEqual([undefined]);
    expect(await readdir(elsewhere)).toEqual([]);
  });

  test('prints one JSON object with --json, and finds its submission when it is run again', async () => {
    const first = await hold('--json');
    const [view] = service.views.values();
    expect(json(first)).toEqual({
      path: 'hold/gw2/rootfs/1.0.0/hold.json',
      role: 'h-gw2',
      changed: true,
      listed: false,
      version: 2,
      pending: { missing: 0, of: 1 },
      state: 'published',
      submission: view?.id,
      missing: [],
    });
    now = new Date(START.getTime() + 60_000);
    expect(await hold('--json')).toEqual(first);
    await inForce(held, { 'h-gw2': ['b'] });
    expect(json(await hold('--json'))).toMatchObject({ changed: false, state: 'published', version: 2 });
    expect(service.views.size).toBe(1);
  });

  test('goes on where a run before was cut off', async () => {
    service.fault = (what, response) => {
      if (what !== 'POST ID/submit') return false;
      response.destroy();
      return true;
    };
    expect(await hold()).toMatchObject({ code: 14, out: '' });
    service.fault = undefined;
    expect(await hold()).toMatchObject({ code: 0 });
    expect(service.views.size).toBe(1);
  });

  test('waits for another’s hold that is on its way, and is made on it; one that stays exits with 7', async () => {
    let left = 2;
    service.fault = (what, response) => {
      if (what !== 'POST ' || left-- <= 0) return false;
      problem(response, left === 1 ? 'draft-stale' : 'submission-waiting');
      return true;
    };
    expect(await hold()).toMatchObject({ code: 0 });
    expect(paused).toEqual([200, 400]);
    left = 100;
    service.views.clear();
    expect(await hold()).toMatchObject({ code: 7, out: '', err: expect.stringContaining('[submission-waiting]') });
    expect(left).toBe(96);
  });

  test('says who is missing where one key is not enough, and exits with 3', async () => {
    service.becomes = () => ({
      state: 'waiting',
      missing: 1,
      quorums: [{ threshold: 2, signed: [], open: [{ keyid: 'a'.repeat(64), name: 'ada', kind: null }], missing: 1 }],
    });
    const ended = await hold('--json');
    expect(ended).toMatchObject({ code: 3, err: expect.stringContaining('waits for 1 more of 2 signatures (ada)') });
    expect(json(ended)).toMatchObject({ state: 'waiting', pending: { missing: 1, of: 2 }, missing: ['ada'] });
  });

  test('a foreign key, a foreign root, and half of the options send nothing', async () => {
    expect(await cli('hold', ...HELD, '--reason', 'x', ...by('ci'))).toMatchObject({ code: 8, out: '' });
    const strange = join((await signedRepository()).dir, 'metadata', '1.root.json');
    expect(await hold('--root', strange)).toMatchObject({ code: 4, out: '' });
    const key = `file:${made.keys.b.path}`;
    const half = ['hold', ...HELD, '--reason', 'x', '--key', key];
    expect(await cli(...half, '--service', service.url)).toMatchObject({ code: 2 });
    expect(await cli(...half, '--root', strange)).toMatchObject({ code: 2 });
    expect(await cli('hold', ...HELD, '--reason', 'x', ...place())).toMatchObject({ code: 2 });
    expect(service.requests).toEqual([]);
  });

  test('another product’s list that ran out keeps nobody from it', async () => {
    await made.repo.addDelegation({ product: 'cam1', channel: 'beta', keys: [made.keys.ci] });
    for (const key of ['a', 'b'] as const) await made.repo.sign('targets', made.keys[key].signer);
    await inForce(() => made.repo.renew('p-cam1-beta', { days: 1 }), { 'p-cam1-beta': ['ci'] });
    now = new Date(START.getTime() + 2 * 86_400_000);
    expect(await hold()).toMatchObject({ code: 0 });
    expect(await cli('hold', 'list', ...place())).toMatchObject({ code: 5 });
  });

  test('sends a token from a file where it is needed, and nothing that is none', async () => {
    const token = await made.image('token', 'a.b.c\n');
    expect(await hold('--token-file', token)).toMatchObject({ code: 0 });
    expect(service.tokens).toEqual(['Bearer a.b.c']);
    expect(await hold('--token-file', await made.image('no-token', 'a\r\nx: y'))).toMatchObject({ code: 13 });
  });
});

test('hold lift --service ends a hold, and hold list --service shows what is held', async () => {
  await inForce(held, { 'h-gw2': ['b'] });
  expect((await cli('hold', 'list', 'gw2', ...place())).out).toContain('It burns.');
  const lift = (...more: string[]) => cli('hold', 'lift', ...HELD, '--reason', 'It was the oven.', ...by('a'), ...more);
  expect(await lift()).toMatchObject({ code: 0, out: 'Frees rootfs 1.0.0 of gw2. Published by h-gw2 version 3.\n' });
  expect(service.requests).toEqual(['POST ', 'POST ID/submit']);
  const { product, component, version } = { product: 'gw2', component: 'rootfs', version: '1.0.0' };
  await inForce(() => made.repo.liftHold({ product, component, version, reason: { en: 'It was the oven.' } }), {
    'h-gw2': ['a'],
  });
  expect(json(await lift('--json'))).toMatchObject({ changed: false, state: 'published', version: 3 });
  expect(json(await cli('hold', 'list', '--json', ...place()))).toEqual({ holds: [] });
  const unknown = await cli('hold', 'lift', 'gw2', 'rootfs', '9', '--reason', 'x', ...by('a'));
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('[target-unknown]') });
});

test('release withdraw, product describe and bundle add --service submit their channel’s list', async () => {
  const image = await made.image('rootfs.img', 'the bits');
  const app = await made.image('app.img', 'more bits');
  await inForce(
    async () => {
      await made.repo.addRelease(release(image, { channel: 'beta' }));
      await made.repo.addRelease(release(app, { channel: 'beta', component: 'app', version: '2.0.0' }));
    },
    { 'p-gw2-beta': ['ci'] },
  );
  // The lists alone come along: what they name is at the service already.
  for (const bytes of ['the bits', 'more bits'])
    service.artifacts.set(hash('sha256', bytes, 'hex'), Buffer.from(bytes));
  const bundle = await made.image(
    'bundle.yaml',
    'format: tidegate-bundle-1\nproduct: gw2\nchannel: beta\nversion: "1.0"\nparts:\n  - {component: rootfs, version: 1.0.0}\n  - {component: app, version: 2.0.0}\n',
  );
  const product = await made.image(
    'product.yaml',
    'format: tidegate-product-1\nproduct: gw2\nchannel: beta\nnames: {en: Gateway 2}\nsupportEnds: 2031-12-31\nvulnerabilityContact: mailto:security@example.com\n',
  );
  const withdraw = ['release', 'withdraw', 'gw2', 'beta', 'rootfs', '1.0.0', '--reason', 'It burns.'];
  for (const [args, said] of [
    [withdraw, 'Withdraws gw2/beta/rootfs/1.0.0/rootfs.img.'],
    [['product', 'describe', product], 'Listed gw2/beta/product/1/product.json, support until 2031-12-31.'],
    [['bundle', 'add', bundle], 'Listed gw2/beta/bundle/1.0/bundle.json'],
  ] as const) {
    service.views.clear();
    const ended = await cli(...args, ...by('ci'));
    expect(ended).toMatchObject({ code: 0, err: '', out: expect.stringContaining(said) });
    expect(ended.out).toContain('Published by p-gw2-beta version 3.');
    now = new Date(now.getTime() + 60_000);
    expect(json(await cli(...args, ...by('ci'), '--json'))).toMatchObject({
      role: 'p-gw2-beta',
      submission: [...service.views.keys()][0],
    });
    expect(service.views.size).toBe(1);
    // Beside a repository folder, signing is a step of its own.
    expect(await cli(...args, '--key', 'ci')).toMatchObject({ code: 2 });
  }
});

test('retire --service submits what the key signs, says what others sign, and is done when run again', async () => {
  const retire = (key: KeyName, ...more: string[]) => cli('retire', 'gw2', ...by(key), ...more);
  const pipeline = await retire('ci', '--json');
  expect(pipeline).toMatchObject({ code: 3, err: expect.stringContaining('does not sign h-gw2') });
  expect(json(pipeline)).toMatchObject({
    lists: [{ role: 'p-gw2-stable' }, { role: 'p-gw2-beta' }],
    othersSign: ['h-gw2'],
  });
  expect(await retire('c')).toMatchObject({ code: 8, out: '' });
  expect(await retire('a', '--all')).toMatchObject({ code: 2 });
  await inForce(() => made.repo.retire({ product: 'gw2' }), {
    'p-gw2-stable': ['ci', 'a'],
    'p-gw2-beta': ['ci'],
    'h-gw2': ['b'],
  });
  now = new Date(START.getTime() + 86_400_000 / 2);
  const again = await retire('a', '--json');
  expect(again).toMatchObject({ code: 0, err: '' });
  expect(json(again)).toMatchObject({
    lists: [{ version: 2, changed: false }, { version: 2 }, { version: 2 }],
    othersSign: [],
  });
});

test('release withdraw --service tells where to go on a channel with a bundle, and sends nothing', async () => {
  const parts = ['rootfs', 'app'];
  await inForce(
    async () => {
      for (const component of parts) {
        const image = await made.image(`${component}.img`, component);
        await made.repo.addRelease(release(image, { channel: 'beta', component }));
      }
      const wanted = parts.map(component => ({ component, version: '1.0.0' }));
      await made.repo.addBundle({ product: 'gw2', channel: 'beta', version: '1.0', parts: wanted });
    },
    { 'p-gw2-beta': ['ci'] },
  );
  const ended = await cli('release', 'withdraw', 'gw2', 'beta', 'app', '1.0.0', '--reason', 'x', ...by('ci'));
  expect(ended).toMatchObject({ code: 1, out: '', err: expect.stringContaining('in the repository folder') });
  expect(service.requests).toEqual([]);
});
