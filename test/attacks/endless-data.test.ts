import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@tidegate/protocol';
import { makeVictim, sha256, type Twist } from '@tidegate/test';
import { expect, test } from 'vitest';

const TWISTS: Twist[] = [{ kind: 'endless' }, { kind: 'announce', bytes: 2 ** 40 }];
const LISTS = ['2.root.json', 'timestamp.json', 'snapshot.json', 'targets.json', 'p-gw2-stable.json', 'h-gw2.json'];

test.each(LISTS.flatMap(list => TWISTS.map(twist => [list, twist.kind, twist] as const)))(
  '%s as an %s body is cut off',
  async (list, _, twist) => {
    await using victim = await makeVictim();
    victim.release();
    victim.server.twist(list, twist);
    await victim.refuses('metadata-too-large', () => victim.trust.refresh());
    await victim.recovers();
  },
);

test.each(TWISTS.map(twist => [twist.kind, twist] as const))('an image as an %s body is cut off', async (_, twist) => {
  await using victim = await makeVictim();
  const content = Buffer.alloc(100_000, 'i');
  const path = victim.release({}, content);
  await victim.trust.refresh();
  victim.server.twist('app.bin', twist);
  await victim.refuses('artifact-length', () => victim.update(path));
  const kept = await stat(join(victim.netDir, 'downloads', `${sha256(content)}.part`)).catch(() => ({ size: 0 }));
  expect(kept.size).toBeLessThanOrEqual(content.length);
  await victim.recovers();
});

test('an image that announces less than was signed is refused', async () => {
  await using victim = await makeVictim();
  const path = victim.release({}, Buffer.alloc(1000, 'i'));
  await victim.trust.refresh();
  victim.server.twist('app.bin', { kind: 'replace', bytes: Buffer.alloc(999, 'i') });
  await victim.refuses('artifact-length', () => victim.update(path));
  await victim.recovers();
});

test('a list with more targets than a device reads is refused before it costs time', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  const { repo } = victim;
  const honest = { ...repo.targets[repo.role] };
  for (let n = 0; n <= LIMITS.targetsPerRole; n++)
    repo.addTarget(repo.role, `gw2/stable/app/0.0.${n}/app.bin`, Buffer.from('x'));
  repo.publish([repo.role]);
  await victim.refuses('metadata-too-large', () => victim.trust.refresh());
  repo.targets[repo.role] = honest;
  repo.publish([repo.role]);
  await victim.recovers();
});
