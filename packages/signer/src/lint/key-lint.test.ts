/** What lint finds in the keys that lists are delegated to, and in who holds them. */
import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TestRepository } from '../test-repository.ts';
import { keyId } from '../tuf/key.ts';
import { found, type LintedRepository, lintedRepository } from './test-lint.ts';

let made: TestRepository;
let edit: LintedRepository['edit'];
let findings: LintedRepository['findings'];
beforeEach(async () => {
  ({ made, edit, findings } = await lintedRepository());
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
