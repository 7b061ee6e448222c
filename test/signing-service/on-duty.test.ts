/** A person on duty, anywhere, with a root, a key and the signing service's address, stops a version at once. */
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyRepository } from '@tidegate/signer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import {
  type KeyName,
  type Maker,
  openMaker,
  ServiceClient,
  type ServiceProcess,
  SIGNER_CLI,
  startServiceProcess,
} from './maker.ts';

let maker: Maker;
let service: ServiceProcess;
let home: string;

beforeAll(async () => {
  maker = await openMaker();
  const config = await maker.configure({ bySignature: ['h-gw2', 'p-gw2-beta'] });
  service = await startServiceProcess(maker, config, { DATABASE_URL: maker.databaseUrl });
  const client = await new ServiceClient(service.url).active();
  const { id } = await client.submit(await maker.build({ version: '1.0.0', bytes: 'the first' }));
  await client.settled(id);
  home = await mkdtemp(join(maker.dir, 'home-'));
});
afterAll(async () => {
  await service?.child.stop();
  await maker?.[Symbol.asyncDispose]();
});

const at = () => ['--service', service.url, '--root', maker.rootFile, '--repo', join(home, 'none')];
const by = (key: KeyName) => [
  ...at(),
  '--key',
  `file:${maker.keys[key].file}`,
  '--passphrase-file',
  join(maker.dir, 'passphrase'),
];
const cli = (...args: string[]) => runToEnd([SIGNER_CLI, ...args]);
const hold = (version: string, key: KeyName) =>
  cli('hold', 'gw2', 'app', version, '--reason', 'It does harm.', '--json', ...by(key));
const heldPath = (version: string) => `hold/gw2/app/${version}/hold.json`;

/** As a device or a stranger sees them now. */
async function holdsOutside(): Promise<string[]> {
  const source = maker.server.server.deviceUrl;
  const { targets } = await verifyRepository({ source, root: await readFile(maker.rootFile) });
  return targets.map(t => t.path).filter(path => path.startsWith('hold/'));
}

const audit = () => readFile(join(maker.repositoryDir, 'service', 'audit.jsonl'), 'utf8');

test('one command holds a version for whoever asks the server next; again, it finds what it did', async () => {
  const held = await hold('1.0.0', 'grace');
  expect(held).toMatchObject({ code: 0 });
  expect(JSON.parse(held.stdout)).toMatchObject({ state: 'published', version: 2, listed: true, changed: true });
  expect(await holdsOutside()).toEqual([heldPath('1.0.0')]);
  expect(await audit()).toContain(`"submittedBy":{"by":"signature","keyid":"${maker.keys.grace.publicKey.keyid}"}`);
  const again = await hold('1.0.0', 'grace');
  expect(JSON.parse(again.stdout)).toMatchObject({
    state: 'published',
    changed: false,
    submission: (JSON.parse(held.stdout) as { submission: string }).submission,
  });
  expect(await readdir(home)).toEqual([]);
});

test('two who hold at once both get their hold out', async () => {
  const both = await Promise.all([hold('2.0.0', 'ada'), hold('3.0.0', 'grace')]);
  expect(both).toMatchObject([{ code: 0 }, { code: 0 }]);
  expect((await holdsOutside()).toSorted()).toEqual(['1.0.0', '2.0.0', '3.0.0'].map(heldPath));
});

test('another person on duty lifts it, and hold list shows what is left', async () => {
  const lift = await cli('hold', 'lift', 'gw2', 'app', '1.0.0', '--reason', 'It was the fuse.', ...by('ada'));
  expect(lift).toMatchObject({ code: 0 });
  expect((await holdsOutside()).toSorted()).toEqual(['2.0.0', '3.0.0'].map(heldPath));
  const list = await cli('hold', 'list', 'gw2', ...at());
  expect(list.stdout).toMatch(/gw2 +app +2\.0\.0 +held +It does harm\./);
  expect(list.stdout).not.toContain('1.0.0');
});

test('the channel’s own key withdraws a release; without it, or where a token is wanted, nothing changes', async () => {
  const withdraw = (channel: string, key: KeyName) =>
    cli('release', 'withdraw', 'gw2', channel, 'app', '1.0.0', '--reason', 'It does harm.', '--json', ...by(key));
  expect(await withdraw('beta', 'grace')).toMatchObject({ code: 8 });
  expect(await hold('4.0.0', 'ci')).toMatchObject({ code: 8 });
  const withdrawn = await withdraw('beta', 'ci');
  expect(withdrawn).toMatchObject({ code: 0 });
  expect(JSON.parse(withdrawn.stdout)).toMatchObject({ role: 'p-gw2-beta', state: 'published' });
  const retire = await cli('retire', 'gw2', ...by('ada'));
  expect(retire).toMatchObject({ code: 13 });
  expect(retire.stderr).toContain('[token-invalid]');
  expect((await holdsOutside()).toSorted()).toEqual(['2.0.0', '3.0.0'].map(heldPath));
});
