/** A list that does not hold any more stops its own product's devices, and keeps no other product from publishing. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeKey, RepoSim } from '@tidegate/test';
import { committed, problem, type Publisher, publisherFor } from './publishing.ts';

const OTHER = 'p-cam1-stable';
const CONTENT = Buffer.from('one');
let nowMs: number;
let repo: RepoSim;
let publisher: Publisher;
let path: string;

beforeEach(async () => {
  nowMs = Date.now();
  repo = new RepoSim({ now: () => nowMs });
  repo.delegated[OTHER] = {
    keys: [makeKey()],
    threshold: 1,
    paths: ['cam1/stable/*/*/*'],
    terminating: true,
  };
  repo.versions[OTHER] = 1;
  path = repo.addFirmware(CONTENT, { version: '1.0.0', counter: 1 });
  repo.publish(['targets']);
  publisher = await publisherFor(repo);
  committed(await publisher.publish(repo));
});
afterEach(() => publisher.close());

/** What a signer does who leaves every list as it is but the one that is named. */
function nextSet(...changed: string[]): void {
  for (const role of changed) {
    repo.bump(role);
    if (role === 'targets') repo.writeTargets();
    else repo.writeDelegated(role);
  }
  repo.writeSnapshot();
  repo.writeTimestamp();
}

function daysLater(days: number): void {
  nowMs += days * 86_400_000;
  publisher.app.clock.advance(days * 86_400);
}

const releases = async () =>
  (await publisher.app.db.selectFrom('releases').select(['target', 'withdrawn_at']).execute()).map(r => [
    r.target,
    r.withdrawn_at,
  ]);

it('takes a set in which another product’s list is as it was and has expired, and leaves its releases listed', async () => {
  daysLater(61);
  nextSet('h-gw2', OTHER);
  committed(await publisher.publish(repo));
  expect(await releases()).toEqual([[path, null]]);
});

it('takes the same where the list lacks the signatures of new keys, but no newer list without them', async () => {
  const old = repo.delegated[repo.role]?.keys ?? [];
  repo.delegated[repo.role]!.keys = [makeKey(), makeKey()];
  nextSet('targets', OTHER);
  committed(await publisher.publish(repo));
  expect(await releases()).toEqual([[path, null]]);
  repo.bump(repo.role);
  repo.writeDelegated(repo.role, old);
  nextSet();
  expect(problem(await publisher.publish(repo)).detail).toMatch(/2\.p-gw2-stable\.json.*0\/2 keys/);
});

it('takes no list that is new and has expired', async () => {
  repo.expiresAt[repo.role] = nowMs - 1000;
  nextSet(repo.role);
  expect(problem(await publisher.publish(repo)).detail).toMatch(/2\.p-gw2-stable\.json: has expired/);
});

it('takes no set whose list of delegations has expired, though it is served already', async () => {
  daysLater(366);
  repo.bump('root');
  repo.writeRoot();
  nextSet('h-gw2', OTHER, repo.role);
  expect(problem(await publisher.publish(repo)).detail).toMatch(/2\.targets\.json: has expired/);
});
