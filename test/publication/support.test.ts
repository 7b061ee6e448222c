/** What a list promises to owners: one key alone cannot take it back, whatever the threshold of its role. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeKey, RepoSim, type SimKey } from '@tidegate/test';
import { committed, problem, type Publisher, publisherFor } from './publishing.ts';

const BETA = 'p-gw2-beta';
const [first, second] = [makeKey(), makeKey()];
let repo: RepoSim;
let publisher: Publisher;

beforeEach(async () => {
  repo = new RepoSim();
  repo.delegated[BETA] = { keys: [first, second], threshold: 1, paths: ['gw2/beta/*/*/*'], terminating: true };
  repo.versions[BETA] = 0;
  publisher = await publisherFor(repo);
  describe('1', '2031-12-31');
  sign([first], 'targets');
  committed(await publisher.publish(repo));
});
afterEach(() => publisher.close());

function describe(version: string, supportEnds: string): void {
  const releasedAt = '2026-03-01T12:00:00Z';
  const custom = { schema: 1, kind: 'product', component: 'product', version, supportEnds, releasedAt };
  repo.addTarget(BETA, `gw2/beta/product/${version}/product.json`, Buffer.from(`${version} ${supportEnds}`), custom);
}

function sign(keys: readonly SimKey[], ...also: string[]): void {
  for (const role of also) repo.bump(role);
  repo.writeTargets();
  repo.bump(BETA);
  repo.writeDelegated(BETA, [...keys]);
  repo.writeSnapshot();
  repo.writeTimestamp();
}

it('is put off by one key, and brought forward by two', async () => {
  describe('2', '2033-12-31');
  sign([second]);
  committed(await publisher.publish(repo));

  describe('3', '2032-12-31');
  sign([second]);
  const before = await publisher.published();
  const { code, detail } = problem(await publisher.publish(repo));
  expect(code).toBe('metadata-invalid');
  expect(detail).toContain('promises support until 2032-12-31, less than before (2033-12-31), by one signature');
  expect(await publisher.published()).toEqual(before);

  sign([first, second]);
  committed(await publisher.publish(repo));
});

it('does not vanish with its descriptor by one key', async () => {
  repo.targets[BETA] = {};
  sign([first]);
  const { detail } = problem(await publisher.publish(repo));
  expect(detail).toContain('promises support until no day at all');
});
