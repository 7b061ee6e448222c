import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DurableFiles, durableFiles } from '@tidegate/agent';
import { freeze, makeKey, makeVictim } from '@tidegate/test';
import { expect, test } from 'vitest';

/** Fails at the Nth change of the disk and at all after it, as a power cut does. */
function powerCutAt(n: number): DurableFiles & { readonly cut: () => boolean } {
  let changes = 0;
  const stepped = async (change: () => Promise<void>): Promise<void> => {
    changes += 1;
    if (changes >= n) throw Object.assign(new Error('power cut'), { code: 'EIO', errno: -5 });
    await change();
  };
  return {
    ...durableFiles,
    write: (path, bytes, options) => stepped(() => durableFiles.write(path, bytes, options)),
    remove: path => stepped(() => durableFiles.remove(path)),
    rename: (from, to) => stepped(() => durableFiles.rename(from, to)),
    pointLink: (path, target) => stepped(() => durableFiles.pointLink(path, target)),
    cut: () => changes >= n,
  };
}

test('a power cut at any write of a refresh leaves lists that work and floors that hold', async () => {
  for (let n = 1; ; n++) {
    await using victim = await makeVictim();
    const first = victim.release();
    await victim.trust.refresh();
    await victim.trust.raiseFloors({ app: 1 });
    const yesterday = freeze(victim.repo);
    victim.repo.rotate('snapshot', [makeKey()]);
    const second = victim.release();

    const files = powerCutAt(n);
    const failed = await victim.restart({ files }).then(
      () =>
        victim.trust.refresh().then(
          () => false,
          () => true,
        ),
      () => true,
    );
    expect(failed).toBe(files.cut());

    await victim.restart();
    const facts = { product: 'gw2', channel: 'stable', hardware: 'gw2-a', installed: {} };
    await expect(victim.trust.accept(first, facts)).resolves.toBeDefined();
    expect(victim.trust.floor('app')).toBe(1);
    await victim.trust.refresh();
    await expect(victim.trust.accept(second, facts)).resolves.toBeDefined();
    victim.server.serve(yesterday);
    await victim.refuses('metadata-rollback', () => victim.trust.refresh());
    await victim.recovers();
    const left = await readdir(join(victim.trustDir, 'tuf'));
    expect(left.filter(name => name.startsWith('gen-')).length).toBeLessThanOrEqual(2);
    if (!files.cut()) break;
  }
});
