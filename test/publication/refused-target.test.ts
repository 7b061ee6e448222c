/** Well-signed lists that name something unsound: refused, with nothing changed. A signature is no excuse for a slip. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RepoSim, sha256, signed } from '@tidegate/test';
import { committed, problem, type Publisher, publisherFor, stillRepo } from './publishing.ts';

let repo: RepoSim;
let publisher: Publisher;
let before: unknown;
let first: string;

beforeEach(async () => {
  repo = stillRepo();
  first = repo.release(Buffer.from('one'), { version: '1.0.0', counter: 1 });
  publisher = await publisherFor(repo);
  committed(await publisher.publish(repo));
  before = await publisher.published();
});
afterEach(() => publisher.close());

async function refused(check: RegExp, code = 'metadata-invalid'): Promise<void> {
  repo.publish([repo.role, 'h-gw2']);
  const answer = await publisher.publish(repo);
  expect(await publisher.published()).toEqual(before);
  expect(problem(answer)).toMatchObject({ code, status: 422 });
  expect(problem(answer).detail).toMatch(check);
}

const bytes = Buffer.from('two');
const sound = { version: '2.0.0', counter: 2 };

function relabel(path: string, to: string): void {
  const targets = repo.targets[repo.role] ?? {};
  const target = targets[path];
  if (target) targets[to] = target;
  delete targets[path];
}

it('refuses a path that changes its hash', async () => {
  repo.addFirmware(Buffer.from('not one'), { version: '1.0.0', counter: 1 });
  await refused(/gw2\/stable\/app\/1.0.0\/app.bin was published with another hash/);
});

it('refuses a path that changes its hash after it had been withdrawn', async () => {
  delete repo.targets[repo.role]?.[first];
  repo.publish([repo.role]);
  committed(await publisher.publish(repo));
  before = await publisher.published();
  repo.addFirmware(Buffer.from('not one'), { version: '1.0.0', counter: 1 });
  await refused(/was published with another hash/);
});

it('refuses a path outside those delegated to its role', async () => {
  relabel(repo.addFirmware(bytes, sound), 'gw3/stable/app/2.0.0/app.bin');
  await refused(/gw3\/stable\/app\/2.0.0\/app.bin", which is outside the paths delegated to p-gw2-stable/);
});

it('refuses a path that has not five parts, or tries to climb', async () => {
  const path = repo.addFirmware(bytes, sound);
  relabel(path, 'gw2/stable/app/../app.bin');
  await refused(/is not <product>|outside the paths/);
});

it('refuses files in the top-level list, which only delegates', async () => {
  repo.addFirmware(bytes, sound);
  repo.publish([repo.role]);
  repo.bump('targets');
  const lists = JSON.parse(repo.file('1.targets.json').toString()) as { signed: object };
  const body = { ...lists.signed, version: repo.versions['targets'], targets: repo.targets[repo.role] };
  repo.metadata.set(`${repo.versions['targets']}.targets.json`, signed(body, repo.keys.targets.keys));
  repo.writeSnapshot();
  repo.writeTimestamp();
  const answer = await publisher.publish(repo);
  expect(await publisher.published()).toEqual(before);
  expect(problem(answer).detail).toMatch(/lists files itself/);
});

it('refuses a description that disagrees with its path', async () => {
  relabel(repo.addFirmware(bytes, sound), 'gw2/stable/app/2.0.1/app.bin');
  await refused(/description at \/version is 2.0.0, the path says 2.0.1/);
});

it('refuses a description for another component', async () => {
  relabel(repo.addFirmware(bytes, sound), 'gw2/stable/mcu/2.0.0/app.bin');
  await refused(/description at \/component is app, the path says /);
});

it('refuses a description that lacks a field, and names the field', async () => {
  const path = repo.addFirmware(bytes, sound);
  const target = repo.targets[repo.role]?.[path];
  if (!target?.custom) throw new Error('the target has no description');
  Reflect.deleteProperty(target.custom, 'hardware');
  await refused(/\/hardware/);
});

it('refuses a description that is too long', async () => {
  repo.addFirmware(bytes, { ...sound, notes: { en: 'x'.repeat(500), de: 'x'.repeat(500), fr: 'x'.repeat(500) } });
  await refused(/longer than 1500 bytes/);
});

it('refuses a target without SHA-256', async () => {
  const path = repo.addFirmware(bytes, sound);
  const target = repo.targets[repo.role]?.[path];
  if (target) (target as { hashes: object }).hashes = { md5: '0'.repeat(32) };
  await refused(/has no SHA-256/);
});

it('refuses a counter that belongs to another version, and a version with another counter', async () => {
  repo.addFirmware(bytes, { version: '2.0.0', counter: 1 });
  await refused(/counter 1 belongs to version 1.0.0/);
  delete repo.targets[repo.role]?.['gw2/stable/app/2.0.0/app.bin'];
  repo.addFirmware(bytes, { version: '1.0.0', counter: 2 }, 'other.bin');
  await refused(/version 1.0.0 has counter 1 already, not 2/);
});

it('refuses a counter that would use up the range', async () => {
  repo.addFirmware(bytes, { version: '2.0.0', counter: 1002 });
  await refused(/counter 1002 is more than 1000 above 1/);
});

it('refuses a target whose bytes are not in the store', async () => {
  const path = repo.addFirmware(bytes, sound);
  repo.artifacts.delete(path.replace('app.bin', `${sha256(bytes)}.app.bin`));
  await refused(new RegExp(`${path}: its bytes \\(${sha256(bytes)}\\) are not there`), 'publication-incomplete');
});

it('refuses a length that the bytes do not have', async () => {
  const path = repo.addFirmware(bytes, sound);
  const target = repo.targets[repo.role]?.[path];
  if (target) target.length = 99;
  await refused(/is signed with 99 bytes, but has 3/);
});

it('refuses a hold that does not say what it holds', async () => {
  repo.addTarget('h-gw2', 'hold/gw2/app/1.0.0/hold.json', Buffer.from('{}'), { schema: 1 });
  await refused(/hold\/gw2\/app\/1.0.0\/hold.json: its description at \/component/);
});

it('refuses firmware that lies where a bundle or a product descriptor belongs', async () => {
  repo.addFirmware(bytes, { ...sound, component: 'bundle' }, 'bundle.json');
  await refused(/bundle\/2.0.0\/bundle.json: its description at \/kind/);
});
