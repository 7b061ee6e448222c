import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signedRepository, type TestRepository } from '../test-repository.ts';
import { type Choice, reasonsToWait } from './named-lists.ts';

const online = ({ keys }: TestRepository) => ({ snapshot: keys.snap.signer, timestamp: keys.time.signer });

async function signBy({ repo, keys }: TestRepository, role: string, ...by: (keyof TestRepository['keys'])[]) {
  for (const name of by) await repo.sign(role, keys[name].signer);
}

describe('a snapshot', () => {
  test('goes on naming a list that has expired, and says so, while another product’s list is renewed', async () => {
    const made = await signedRepository();
    const { repo, later } = made;
    later(31);
    await repo.renew('p-gw2-beta');
    await signBy(made, 'p-gw2-beta', 'ci');
    expect(await repo.refreshOnline(online(made))).toMatchObject({
      snapshotSigned: true,
      stopped: [{ role: 'h-gw2', code: 'expired' }],
      heldBack: undefined,
    });
    expect(await repo.outlook()).toMatchObject({ listsMoved: false, stopped: [{ role: 'h-gw2' }] });
  });

  test('names what devices have where a newer list ran out before anybody saw it', async () => {
    const made = await signedRepository();
    const { repo, later } = made;
    await repo.renew('p-gw2-beta', { days: 5 });
    await signBy(made, 'p-gw2-beta', 'ci');
    later(6);
    expect(await repo.refreshOnline(online(made))).toMatchObject({ snapshotSigned: false, stopped: [] });
    expect(await repo.outlook()).toMatchObject({ passedOver: [{ role: 'p-gw2-beta', code: 'expired' }] });
  });

  test('lets a rotation go out for the product that has signed, also where another one has not', async () => {
    const made = await signedRepository();
    const { repo, keys } = made;
    await repo.addDelegation({ product: 'gw2', channel: 'beta', keys: [keys.a], replace: true });
    await repo.addDelegation({ product: 'gw2', keys: [keys.c], replace: true });
    await signBy(made, 'targets', 'a', 'b');
    const heldBack = { version: 2, waitsFor: ['h-gw2', 'p-gw2-beta'] };
    expect(await repo.refreshOnline(online(made))).toMatchObject({ snapshotSigned: false, heldBack });
    await signBy(made, 'p-gw2-beta', 'a');
    expect(await repo.refreshOnline(online(made))).toMatchObject({
      snapshotSigned: true,
      stopped: [{ role: 'h-gw2', code: 'threshold-not-met' }],
      heldBack: undefined,
    });
    await signBy(made, 'h-gw2', 'c');
    expect(await repo.refreshOnline(online(made))).toMatchObject({ snapshotSigned: true, stopped: [] });
  });

  test('does not name a product whose first list is not signed, and keeps the others going', async () => {
    const made = await signedRepository();
    const { repo, keys, later } = made;
    await repo.addDelegation({ product: 'cam1', channel: 'stable', keys: [keys.ci, keys.b] });
    await signBy(made, 'targets', 'a', 'b');
    later(1);
    await repo.renew('p-gw2-beta');
    await signBy(made, 'p-gw2-beta', 'ci');
    const result = await repo.refreshOnline(online(made));
    expect(result).toMatchObject({ snapshotSigned: true, heldBack: { version: 2, waitsFor: ['p-cam1-stable'] } });
    await signBy(made, 'p-cam1-stable', 'ci', 'b');
    expect(await repo.refreshOnline(online(made))).toMatchObject({ snapshotSigned: true, heldBack: undefined });
  });

  test('is not signed at all where root or targets are at fault, since then every device refuses it', async () => {
    const made = await signedRepository();
    made.later(366);
    await expect(made.repo.refreshOnline(online(made))).rejects.toMatchObject({ code: 'expired' });
    await expect(made.repo.outlook()).rejects.toMatchObject({ code: 'expired' });
  });
});

describe('a new list of delegations', () => {
  const fault = { code: 'threshold-not-met', message: 'It lacks signatures.' } as const;
  const file = fc.constantFrom('1', '2');
  const choice = fc.record({
    list: fc.option(fc.record({ file }), { nil: undefined }),
    faulty: fc.boolean(),
  });
  const choices = fc.uniqueArray(fc.constantFrom('p-a-stable', 'p-b-stable', 'p-c-stable', 'h-a')).chain(roles =>
    fc.tuple(
      ...roles.map(role =>
        choice.map(
          ({ list, faulty }): Choice<{ file: string }> => ({
            role,
            list,
            fault: faulty || !list ? fault : undefined,
            newestFault: faulty || !list ? fault : undefined,
          }),
        ),
      ),
    ),
  );

  test('never leads to a role that has no list, and waits for nobody who loses nothing', () => {
    fc.assert(
      fc.property(choices, choices, (before, next) => {
        const waitsFor = reasonsToWait(before, next);
        const nameless = next.filter(c => !c.list).map(c => c.role);
        if (waitsFor.length === 0) {
          const lost = next.filter(c => c.fault && !before.find(b => b.role === c.role)?.fault);
          const gained = next.filter(c => !c.fault && before.find(b => b.role === c.role)?.list?.file !== c.list?.file);
          expect(lost.length === 0 || gained.length > 0).toBe(true);
          expect(nameless.filter(role => !before.some(b => b.role === role))).toEqual([]);
        }
        for (const role of waitsFor) expect(next.find(c => c.role === role)?.fault).toBeDefined();
      }),
    );
  });

  test('goes out at once where it changes nothing for anybody', () => {
    const named = choices.filter(all => all.every(c => c.list));
    fc.assert(
      fc.property(named, same => {
        expect(reasonsToWait(same, same)).toEqual([]);
      }),
    );
  });
});
