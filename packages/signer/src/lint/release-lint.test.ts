/** What lint finds in releases beside each other: their versions, paths and deltas, and what goes out without a server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TestRepository } from '../test-repository.ts';
import { type Draft, entryIn, found, type LintedRepository, lintedRepository } from './test-lint.ts';

let made: TestRepository;
let edit: LintedRepository['edit'];
let findings: LintedRepository['findings'];
let released: LintedRepository['released'];
let sign: LintedRepository['sign'];
beforeEach(async () => {
  ({ made, edit, findings, released, sign } = await lintedRepository());
});

describe('releases whose version and counter go different ways', () => {
  test('a fix from an older line would take features away from devices that run the newer one', async () => {
    await released('1.4.2');
    await released('2.0.0', { class: 'feature' });
    expect(await findings()).toEqual([]);
    const fixes = [{ id: 'CVE-1', risk: { en: 'Strangers could listen.' } }];
    const path = await released('1.4.3', { class: 'security', fixes });
    expect(await findings()).toEqual([
      found('features-lost', 'warning', { path, message: expect.stringContaining('2.0.0') as string }),
    ]);
    await released('2.0.1', { class: 'security', fixes });
    expect(await findings()).toEqual([]);
  });

  test('for other hardware, or where versions are no numbers, nothing is claimed', async () => {
    await released('2.0.0', { class: 'feature', hardware: ['gw2-c'] });
    await released('1.4.3');
    await released('summer', { component: 'app' });
    await released('autumn', { component: 'app' });
    expect(await findings()).toEqual([]);
  });

  test('a release of another channel that can no longer follow', async () => {
    await released('2.0.0', { channel: 'beta', class: 'feature' });
    const path = await released('1.4.3');
    expect(await findings()).toEqual([found('promotion-blocked', 'warning', { path })]);
  });
});

describe('releases that go to devices without a server', () => {
  const whole = [{ afterHours: 0, basisPoints: 10_000 }];

  test('too soon for a hold, or only to some of the devices', async () => {
    const fixes = [{ id: 'CVE-1', risk: { en: 'Strangers could listen.' } }];
    const schedule = [{ afterHours: 0, basisPoints: 500 }];
    const path = await released('1.0.0', { class: 'security', fixes, selfOfferAfterDays: 2, schedule });
    expect(await findings()).toEqual([
      found('self-offer-soon', 'warning', { path }),
      found('schedule-partial', 'warning', { path }),
    ]);
  });

  test('a schedule that was forgotten, or that stops at a stepping stone without one', async () => {
    await released('1.0.0', { schedule: whole });
    const path = await released('1.1.0');
    expect(await findings()).toEqual([found('schedule-missing', 'warning', { path })]);
    const beyond = await released('1.2.0', { schedule: whole, minFromCounter: 2 });
    expect(await findings()).toEqual([found('stone-not-offered', 'warning', { path: beyond })]);
  });

  test('a feature that would go past a server is not even listed', async () => {
    await expect(released('1.0.0', { class: 'feature', selfOfferAfterDays: 7 })).rejects.toMatchObject({
      code: 'firmware-invalid',
      message: expect.stringContaining('security only') as string,
    });
  });
});

test('a path that stood for other bytes in an earlier list', async () => {
  const path = await released('1.0.0');
  await sign('p-gw2-stable');
  await released('1.1.0');
  await sign('p-gw2-stable');
  const other = await released('2.0.0', { channel: 'beta' });
  const sha256 = entryIn(
    (JSON.parse(await readFile(join(made.dir, 'staged/p-gw2-beta.json'), 'utf8')) as Draft).signed,
    other,
  ).hashes.sha256;
  await edit('metadata/2.p-gw2-stable.json', ({ signed }) => (entryIn(signed, path).hashes.sha256 = sha256));
  expect(await findings()).toContainEqual(found('path-changed', 'error', { role: 'p-gw2-stable', path }));
});

test('a delta without the full image that comes out of it, and one from an image that its role does not list', async () => {
  const first = await released('1.0.0');
  const second = await released('1.1.0');
  const delta = 'gw2/stable/rootfs/1.1.0/from-1.0.0.patch';
  const draft = 'staged/p-gw2-stable.json';
  await edit(draft, ({ signed }) => {
    const entry = entryIn(signed, second);
    const custom = {
      schema: 1,
      kind: 'patch',
      component: 'rootfs',
      version: '1.1.0',
      imageSha256: entry.hashes.sha256,
      baseSha256: entryIn(signed, first).hashes.sha256,
      format: 'tidegate-patch-1',
      head: { lengthBytes: 100, sha256: 'ab'.repeat(32) },
      releasedAt: '2026-03-01T12:00:00Z',
    };
    signed.targets[delta] = { ...entry, custom };
  });
  expect(await findings()).toEqual([]);
  await edit(draft, ({ signed }) => void delete signed.targets[first]);
  expect(await findings()).toContainEqual(found('delta-base-unlisted', 'warning', { path: delta }));
  await edit(draft, ({ signed }) => void delete signed.targets[second]);
  expect(await findings()).toContainEqual(found('delta-without-image', 'error', { path: delta }));
});
