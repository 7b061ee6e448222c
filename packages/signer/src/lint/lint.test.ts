import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { EXIT } from '../cli/exit-code.ts';
import { run } from '../cli/program.ts';
import { keyId } from '../tuf/key.ts';
import { PASSPHRASE, release, signedRepository, START, type TestRepository } from '../test-repository.ts';
import type { Finding } from './finding.ts';

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
});

interface Entry {
  length: number;
  hashes: { sha256: string };
  custom: Record<string, unknown>;
}

interface Draft {
  signatures: unknown[];
  signed: {
    version: number;
    expires: string;
    targets: Record<string, Entry>;
    delegations: { keys: Record<string, unknown>; roles: { name: string; keyids: string[] }[] };
  };
}
type List = Draft['signed'];

/** Edits a file of the repository by hand, as a slip or an attacker would. */
async function edit(file: string, change: (envelope: Draft) => void): Promise<void> {
  const path = join(made.dir, file);
  const envelope = JSON.parse(await readFile(path, 'utf8')) as Draft;
  change(envelope);
  await writeFile(path, JSON.stringify(envelope));
}

function entryIn({ targets }: List, path: string): Entry {
  const entry = targets[path];
  if (!entry) throw new Error(`${path} is not listed`);
  return entry;
}

async function findings(): Promise<Finding[]> {
  return made.repo.lint();
}

const found = (code: string, severity: Finding['severity'], more: Partial<Finding> = {}) =>
  expect.objectContaining({ code, severity, ...more, remedy: expect.stringMatching(/\.$/) });

async function released(version: string, said: Parameters<typeof release>[1] = {}): Promise<string> {
  const file = await made.image(`${said.component ?? 'rootfs'}-${version}.img`, `image ${version}`);
  const { path } = await made.repo.addRelease(release(file, { version, ...said }));
  return path;
}

async function sign(role: string): Promise<void> {
  for (const key of [made.keys.ci, made.keys.a]) await made.repo.sign(role, key.signer);
}

test('a sound repository with a draft in it has nothing to be said against', async () => {
  await released('1.0.0');
  expect(await findings()).toEqual([]);
});

describe('drafts that were edited by hand', () => {
  const draft = 'staged/p-gw2-stable.json';
  const role = 'p-gw2-stable';
  let path: string;
  beforeEach(async () => {
    path = await released('1.0.0');
  });

  test.each<[string, (entry: Entry) => void]>([
    ['metadata-invalid', entry => (entry.custom['counter'] = 1.5)],
    ['number-not-whole', entry => (entry.custom['minBatteryPercent'] = 0.5)],
    ['metadata-invalid', entry => (entry.hashes.sha256 = 'AB'.repeat(32))],
    ['firmware-invalid', entry => (entry.custom['version'] = '1.0.1')],
    ['risk-missing', entry => (entry.custom['class'] = 'security')],
    [
      'custom-too-large',
      entry => (entry.custom['notes'] = Object.fromEntries(['en', 'de', 'fr', 'it'].map(l => [l, 'x'.repeat(490)]))),
    ],
    ['artifact-differs', entry => (entry.length += 1)],
    ['artifact-missing', entry => (entry.hashes.sha256 = 'ab'.repeat(32))],
  ])('%s', async (code, change) => {
    await edit(draft, ({ signed }) => change(entryIn(signed, path)));
    expect(await findings()).toContainEqual(found(code, 'error', { role }));
  });

  test.each<[string, (signed: List) => void]>([
    ['name-invalid', signed => (signed.targets['gw2/stable/rootfs/1.0.0'] = entryIn(signed, path))],
    ['metadata-invalid', signed => (signed.targets['gw3/stable/rootfs/1.0.0/x'] = entryIn(signed, path))],
    ['metadata-invalid', signed => (signed.delegations = { keys: {}, roles: [] })],
    ['version-conflict', signed => (signed.version = 1)],
    ['expiry-invalid', signed => (signed.expires = '2026-02-01T00:00:00Z')],
  ])('%s, in the list', async (code, change) => {
    await edit(draft, ({ signed }) => change(signed));
    expect(await findings()).toContainEqual(found(code, 'error', { role }));
  });

  test('counters that jump, or stand for two versions, over all channels', async () => {
    await released('2.0.0', { channel: 'beta' });
    await edit('staged/p-gw2-beta.json', ({ signed }) => {
      entryIn(signed, 'gw2/beta/rootfs/2.0.0/rootfs-2.0.0.img').custom['counter'] = 1002;
    });
    expect(await findings()).toContainEqual(found('counter-step', 'error'));
    await edit('staged/p-gw2-beta.json', ({ signed }) => {
      entryIn(signed, 'gw2/beta/rootfs/2.0.0/rootfs-2.0.0.img').custom['counter'] = 1;
    });
    expect(await findings()).toContainEqual(found('counter-fixed', 'error'));
  });

  test('a name that stands there twice is seen, and such a draft is not signed', async () => {
    const file = join(made.dir, draft);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"counter":1,', '"counter":9,"counter":1,'));
    expect(await findings()).toContainEqual(
      found('name-twice', 'error', { role, path: `/signed/targets/${path.replaceAll('/', '~1')}/custom/counter` }),
    );
    await expect(made.repo.sign(role, made.keys.ci.signer)).rejects.toMatchObject({ code: 'draft-unsound' });
  });

  test('bytes that are not UTF-8', async () => {
    const file = join(made.dir, draft);
    await writeFile(file, Buffer.concat([await readFile(file), Buffer.from([0xff])]));
    expect(await findings()).toContainEqual(found('not-utf8', 'error', { role }));
  });

  test('a time of release that has not come, and a life that is far too long', async () => {
    await edit(draft, ({ signed }) => {
      entryIn(signed, path).custom['releasedAt'] = '2026-03-02T12:00:00Z';
      signed.expires = '2027-03-01T12:00:00Z';
    });
    expect(await findings()).toEqual([
      found('expiry-far', 'warning', { role }),
      found('released-in-future', 'warning', { path }),
    ]);
  });
});

describe('keys', () => {
  const targets = 'staged/targets.json';

  test('one key under two ids, though the second is written as only other clients read it', async () => {
    await made.repo.addDelegation({ product: 'gw3', channel: 'beta', keys: [made.keys.ci] });
    await edit(targets, ({ signed }) => {
      const { key } = made.keys.b;
      const compressed = { ...key, keyval: { public: key.keyval.public.replaceAll('\n', '\r\n') } };
      signed.delegations.keys[keyId(compressed)] = compressed;
    });
    expect(await findings()).toContainEqual(found('key-twice', 'error', { role: 'targets' }));
  });

  test('an id that is not that of its key', async () => {
    await made.repo.addDelegation({ product: 'gw3', channel: 'beta', keys: [made.keys.ci] });
    await edit(targets, ({ signed }) => {
      signed.delegations.keys['0'.repeat(64)] = signed.delegations.keys[made.keys.ci.keyid];
    });
    expect(await findings()).toContainEqual(found('duplicate-key', 'error', { role: 'targets' }));
  });

  test('more than one key in a stable channel that is no person’s, also one that nobody knows', async () => {
    await made.repo.addDelegation({ product: 'gw3', channel: 'stable', keys: [made.keys.ci, made.keys.a] });
    const stranger = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '';
    const key = {
      keytype: 'ed25519',
      scheme: 'ed25519',
      keyval: { public: Buffer.from(stranger, 'base64url').toString('hex') },
    } as const;
    await edit(targets, ({ signed }) => {
      signed.delegations.keys[keyId(key)] = key;
      signed.delegations.roles.find(r => r.name === 'p-gw3-stable')?.keyids.push(keyId(key));
    });
    const all = await findings();
    expect(all).toContainEqual(found('key-kind', 'error', { role: 'targets' }));
    expect(all).toContainEqual(found('key-holder-unknown', 'warning', { role: 'p-gw3-stable' }));
  });

  test('a stable channel that one signature releases to', async () => {
    await made.repo.addDelegation({
      product: 'gw3',
      channel: 'stable',
      keys: [made.keys.ci, made.keys.a],
      threshold: 1,
    });
    expect(await findings()).toContainEqual(found('stable-by-one', 'warning', { role: 'p-gw3-stable' }));
  });
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

describe('what lies in the folder', () => {
  test('images that no list names, and images that are not there', async () => {
    const path = await released('1.0.0');
    const artifacts = join(made.dir, 'artifacts');
    await sign('p-gw2-stable');
    for (const name of await readdir(artifacts)) await rm(join(artifacts, name));
    await writeFile(join(artifacts, 'cd'.repeat(32)), 'left over');
    expect(await findings()).toEqual([
      found('artifact-missing', 'error', { path }),
      found('snapshot-lags', 'warning', { role: 'p-gw2-stable' }),
      found('artifact-orphaned', 'warning', { path: `artifacts/${'cd'.repeat(32)}` }),
    ]);
  });

  test('lists that run out, and a clock that is behind a signed time', async () => {
    made.later(2.5);
    expect(await findings()).toEqual([found('expires-soon', 'warning', { role: 'timestamp' })]);
    made.later(1);
    expect(await findings()).toContainEqual(found('expired', 'error', { role: 'timestamp' }));
    made.later(-4);
    expect(await findings()).toContainEqual(found('clock-behind', 'error'));
    await made.repo.renew('h-gw2');
    await expect(made.repo.sign('h-gw2', made.keys.b.signer)).rejects.toMatchObject({ code: 'draft-unsound' });
  });

  test('a list that lost a signature, one that cannot be read, and one that nobody delegates to', async () => {
    await edit('metadata/1.p-gw2-stable.json', envelope => void envelope.signatures.pop());
    await writeFile(join(made.dir, 'metadata', '1.h-gw2.json'), '{}');
    const beta = await readFile(join(made.dir, 'metadata', '1.p-gw2-beta.json'));
    await writeFile(join(made.dir, 'metadata', '1.p-gw2-old.json'), beta);
    const all = await findings();
    expect(all).toContainEqual(found('threshold-not-met', 'error', { role: 'p-gw2-stable' }));
    expect(all).toContainEqual(found('metadata-invalid', 'error', { role: 'h-gw2' }));
    expect(all).toContainEqual(found('role-stray', 'warning', { role: 'p-gw2-old' }));
  });

  test('a list that will soon hold no more', async () => {
    const path = await released('1.0.0');
    await edit('staged/p-gw2-stable.json', ({ signed }) => {
      for (let i = 0; i < 451; i++) {
        signed.targets[path.replace('.img', `-${i}.img`)] = entryIn(signed, path);
      }
    });
    expect(await findings()).toContainEqual(found('nearly-full', 'warning', { role: 'p-gw2-stable' }));
  });
});

test('a list that is signed and that no snapshot names yet', async () => {
  await released('1.0.0');
  await sign('p-gw2-stable');
  expect(await findings()).toEqual([found('snapshot-lags', 'warning', { role: 'p-gw2-stable' })]);
  await made.repo.refreshOnline({ snapshot: made.keys.snap.signer, timestamp: made.keys.time.signer });
  expect(await findings()).toEqual([]);
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
  const delta = 'gw2/stable/rootfs/1.1.0/from-1.0.0.delta';
  const draft = 'staged/p-gw2-stable.json';
  await edit(draft, ({ signed }) => {
    const entry = entryIn(signed, second);
    const custom = { ...entry.custom, kind: 'delta', baseSha256: entryIn(signed, first).hashes.sha256 };
    signed.targets[delta] = { ...entry, custom };
  });
  expect(await findings()).toEqual([]);
  await edit(draft, ({ signed }) => void delete signed.targets[first]);
  expect(await findings()).toContainEqual(found('delta-base-unlisted', 'warning', { path: delta }));
  await edit(draft, ({ signed }) => void delete signed.targets[second]);
  expect(await findings()).toContainEqual(found('delta-without-image', 'error', { path: delta }));
});

test('the command exits with 0 on warnings, with 4 under --strict and on errors; and sign shows the warnings', async () => {
  const cli = async (...args: string[]) => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await run([...args, '--repo', made.dir, '--keys', join(made.dir, '..')], {
      out: text => out.push(text),
      err: text => err.push(text),
      env: { TIDEGATE_PASSPHRASE: PASSPHRASE },
      now: () => START,
      pause: async () => {},
      live: false,
      askSecret: undefined,
      confirm: undefined,
    });
    return { code, out: out.join(''), err: err.join('') };
  };
  expect(await cli('lint')).toEqual({ code: EXIT.ok, out: 'Nothing was found.\n', err: '' });
  await released('2.0.0');
  const path = await released('1.4.3');
  expect(await cli('lint')).toMatchObject({ code: EXIT.ok, out: expect.stringContaining('warning features-lost') });
  expect(await cli('lint', '--strict')).toMatchObject({ code: EXIT.verificationFailed });
  const sign = ['sign', 'p-gw2-stable', '--key', 'a', '--allow-pending'];
  expect(await cli(...sign)).toMatchObject({ code: EXIT.ok, err: expect.stringContaining('features-lost') });
  await edit('staged/p-gw2-stable.json', ({ signed }) => (entryIn(signed, path).length += 1));
  const failed = await cli('lint', '--json');
  expect(failed).toMatchObject({ code: EXIT.verificationFailed });
  expect(JSON.parse(failed.out)).toMatchObject({
    findings: [found('artifact-differs', 'error'), { severity: 'warning' }],
  });
  expect(JSON.parse(failed.err)).toMatchObject({ error: { code: 'lint-failed' } });
});
