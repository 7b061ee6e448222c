import { expect, test } from 'vitest';
import type { PublicKey } from '../keys/signer.ts';
import type { KeyKind } from '../store/config.ts';
import { ed25519Key, keyId } from '../tuf/key.ts';
import { parseRoot } from '../tuf/parse.ts';
import { checkDelegations, makeDelegation, withDelegation } from './delegation-policy.ts';

function key(name: string, digit: string, kind: KeyKind = 'person'): PublicKey {
  const material = ed25519Key(digit.repeat(64));
  return { name, key: material, keyid: keyId(material), kind };
}
const [ann, ben, ci, ci2] = [key('ann', '1'), key('ben', '2'), key('ci', '3', 'ci'), key('ci2', '4', 'ci')];
const stable = { product: 'gw2', channel: 'stable', threshold: 2 };
const none = {
  _type: 'targets',
  spec_version: '1.0.31',
  version: 1,
  expires: '2027-01-01T00:00:00Z',
  targets: {},
} as const;
const refused = (code: string) => expect.objectContaining({ code });

test('a stable channel takes one machine’s key and no more', () => {
  expect(makeDelegation({ ...stable, keys: [ann, ci] })).toMatchObject({ name: 'p-gw2-stable', threshold: 2 });
  expect(() => makeDelegation({ ...stable, keys: [ann, ci, ci2] })).toThrow(refused('key-kind'));
});

test('the same key material counts once, under whatever name or id', () => {
  expect(() => makeDelegation({ ...stable, keys: [ann, { ...ann, name: 'ann-again' }] })).toThrow(
    refused('duplicate-key'),
  );
  const disguised = { ...ann, keyid: ben.keyid };
  expect(() => makeDelegation({ ...stable, keys: [ann, disguised] })).toThrow(refused('duplicate-key'));
});

test('a root that lists one key under two ids is not read', () => {
  const role = { keyids: [ann.keyid, ben.keyid], threshold: 2 };
  const signed = {
    _type: 'root',
    spec_version: '1.0.31',
    version: 1,
    expires: '2027-01-01T00:00:00Z',
    consistent_snapshot: true,
    keys: { [ann.keyid]: ann.key, [ben.keyid]: ann.key },
    roles: { root: role, targets: role, snapshot: role, timestamp: role },
  };
  const bytes = Buffer.from(JSON.stringify({ signatures: [], signed }));
  expect(() => parseRoot(bytes, '1.root.json')).toThrow(refused('duplicate-key'));
});

test('no product can take the place where holds lie', () => {
  expect(() => makeDelegation({ product: 'hold', channel: 'gw2', keys: [ann], threshold: 1 })).toThrow(
    refused('name-reserved'),
  );
});

test('names outside the pattern and thresholds that cannot be met are refused', () => {
  for (const product of ['GW2', '2gw', '../x', 'a/b', '', 'a'.repeat(33)]) {
    expect(() => makeDelegation({ ...stable, product, keys: [ann, ben] })).toThrow(refused('name-invalid'));
  }
  for (const threshold of [0, 3, 1.5]) {
    expect(() => makeDelegation({ ...stable, keys: [ann, ben], threshold })).toThrow(refused('threshold-invalid'));
  }
});

test('a list whose delegations were widened by hand is not signed', () => {
  const good = withDelegation(none, makeDelegation({ ...stable, keys: [ann, ci] }), [ann, ci]);
  const widened = (change: object) => ({
    ...good,
    delegations: {
      keys: good.delegations?.keys ?? {},
      roles: good.delegations?.roles.map(r => ({ ...r, ...change })) ?? [],
    },
  });
  checkDelegations(good, [ann, ci]);
  expect(() => checkDelegations(widened({ paths: ['gw2/*/*/*/*'] }), [ann, ci])).toThrow(refused('name-invalid'));
  expect(() => checkDelegations(widened({ paths: ['gw3/stable/*/*/*'] }), [ann, ci])).toThrow(
    refused('metadata-invalid'),
  );
  expect(() => checkDelegations(widened({ terminating: false }), [ann, ci])).toThrow(refused('metadata-invalid'));
  expect(() => checkDelegations(good, [ci])).toThrow(refused('key-kind'));
});

test('keys that no role uses any more leave the list', () => {
  const before = withDelegation(none, makeDelegation({ ...stable, keys: [ann, ci] }), [ann, ci]);
  const after = withDelegation(before, makeDelegation({ ...stable, keys: [ben, ci] }), [ben, ci]);
  expect(Object.keys(after.delegations?.keys ?? {}).toSorted()).toEqual([ben.keyid, ci.keyid].toSorted());
});

test('more than 500 roles are refused', () => {
  let targets = withDelegation(none, makeDelegation({ product: 'p', channel: 'c', keys: [ann], threshold: 1 }), [ann]);
  const [only] = targets.delegations?.roles ?? [];
  if (!only) throw new Error('no role was made');
  const roles = Array.from({ length: 500 }, (_, i) => ({ ...only, name: `p-x${i}-c` }));
  targets = { ...targets, delegations: { keys: targets.delegations?.keys ?? {}, roles } };
  expect(() =>
    withDelegation(targets, makeDelegation({ product: 'q', channel: 'c', keys: [ann], threshold: 1 }), [ann]),
  ).toThrow(refused('too-many-roles'));
});
