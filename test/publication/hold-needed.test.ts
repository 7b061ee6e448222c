/** Signed words go past a rollout: the server says by when a hold must be signed, and says it no more once one is. */
import { HOLD_SCHEMA, holdPath, holdRole, type RolloutView } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { startOwnServer } from '../src/own-server.ts';
import { push } from '../src/push.ts';
import { RepoSim } from '../src/repo-sim.ts';

const DAY_MS = 86_400_000;

test('a rollout that was stopped says by when a hold is needed, until one is signed, and again once it is lifted', async () => {
  const repo = new RepoSim();
  const database = await emptyDatabase();
  await using own = await startOwnServer({ databaseUrl: database.url, root: repo.root() });
  const releasedAt = new Date(Math.floor(repo.now() / 1000) * 1000).toISOString();
  const target = repo.addFirmware(Buffer.from('fixed'), {
    version: '1.1.0',
    counter: 2,
    class: 'security',
    selfOfferAfterDays: 7,
    releasedAt,
  });
  const plain = repo.addFirmware(Buffer.from('plain'), { version: '1.0.0', counter: 1 });
  repo.publish([repo.role]);
  await push(own, repo);

  const phases = [{ basisPoints: 10_000 }];
  const { id } = await own.admin.post<RolloutView>('/rollouts', { target, phases });
  const seen = () => own.admin.get<RolloutView>(`/rollouts/${id}`);
  const at = new Date(Date.parse(releasedAt) + 7 * DAY_MS).toISOString();
  expect(await seen()).toMatchObject({ state: 'running', selfOfferAt: at, holdNeededBy: null });
  await own.admin.post(`/rollouts/${id}/stop`);
  expect(await seen()).toMatchObject({ state: 'stopped', selfOfferAt: at, holdNeededBy: at });

  const holds = holdRole(repo.product);
  const hold = { schema: HOLD_SCHEMA, component: 'app', version: '1.1.0', reason: { en: 'It burns.' } };
  repo.addTarget(holds, holdPath(repo.product, 'app', '1.1.0'), Buffer.from(JSON.stringify(hold)), hold);
  repo.publish([holds]);
  await push(own, repo);
  expect(await seen()).toMatchObject({ state: 'stopped', selfOfferAt: null, holdNeededBy: null });

  repo.targets[holds] = {};
  repo.publish([holds]);
  await push(own, repo);
  expect(await seen()).toMatchObject({ holdNeededBy: at });

  const other = await own.admin.post<RolloutView>('/rollouts', { target: plain, phases });
  expect(other).toMatchObject({ selfOfferAt: null, holdNeededBy: null });
});
