import { canonicalize } from '@tufjs/canonical-json';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ed25519Key, keyId } from '../tuf/key.ts';
import type { RootSigned, TargetsSigned } from '../tuf/metadata.ts';
import { changesBetween } from './change.ts';
import { wordsOf } from './words.ts';

const keys = ['a', 'b', 'c', 'd'].map(c => ed25519Key(c.repeat(64)));
const ids = keys.map(keyId);
const [A = '', B = '', C = '', D = ''] = ids;
const now = new Date('2026-03-01T12:00:00Z');
const wording = { now, keys: [{ name: 'alice', keyid: A, kind: 'person' as const }] };

const root: RootSigned = {
  _type: 'root',
  spec_version: '1.0.31',
  version: 3,
  expires: '2027-03-01T12:00:00Z',
  consistent_snapshot: true,
  keys: Object.fromEntries(keys.map((k, i) => [ids[i], k])),
  roles: {
    root: { keyids: [A, B], threshold: 2 },
    targets: { keyids: [A, B], threshold: 2 },
    snapshot: { keyids: [C], threshold: 1 },
    timestamp: { keyids: [D], threshold: 1 },
  },
};

const list: TargetsSigned = {
  _type: 'targets',
  spec_version: '1.0.31',
  version: 3,
  expires: '2026-05-01T12:00:00Z',
  targets: {
    'gw2/stable/app/1.0.0/a.bin': { length: 5, hashes: { sha256: '1'.repeat(64) }, custom: { counter: 1 } },
  },
};

test('a key that comes, one that goes and a threshold are told in words', () => {
  const next = { ...root, version: 4, roles: { ...root.roles, root: { keyids: [A, C], threshold: 1 } } };
  expect(wordsOf(changesBetween(root, next), wording)).toEqual([
    'version 3 -> 4',
    `- root: key ${B} (NOT KNOWN HERE) may no longer sign`,
    `+ root: key ${C} (NOT KNOWN HERE) may sign`,
    'root: 1 of 2 keys must sign (the threshold was 2)',
  ]);
  const known = wordsOf(changesBetween(undefined, root), wording);
  expect(known).toContain(`+ root: key alice (person, ${A.slice(0, 8)}) may sign`);
  expect(known).toContain('expires 2027-03-01T12:00:00Z (in 365 days)');
});

test('a target is told with its hash and all that is said of it', () => {
  const path = 'gw2/stable/app/1.1.0/b.bin';
  const target = { length: 7, hashes: { sha256: '2'.repeat(64) }, custom: { counter: 2, class: 'security' } };
  const next = { ...list, version: 9, targets: { [path]: target } };
  expect(wordsOf(changesBetween(list, next), wording)).toEqual([
    'version 3 -> 9 (SKIPS 5 versions)',
    `- gw2/stable/app/1.0.0/a.bin (sha256 ${'1'.repeat(64)})`,
    `+ ${path}`,
    '    bytes: 7',
    '    class: security',
    '    counter: 2',
    `    sha256: ${'2'.repeat(64)}`,
  ]);
});

test('nothing that a sender wrote can forge a line or hide one in a terminal', () => {
  const path = 'gw2/stable/app/1.1.0/b\u001b[2K\nversion 3 -> 4';
  const target = { length: 7, hashes: { sha256: '2'.repeat(64) }, custom: { notes: 'a\u202eb\u2028c' } };
  const words = wordsOf(changesBetween(list, { ...list, targets: { ...list.targets, [path]: target } }), wording);
  expect(words).toContain('+ gw2/stable/app/1.1.0/b\\u{1b}[2K\\u{a}version 3 -> 4');
  expect(words).toContain('    notes: a\\u{202e}b\\u{2028}c');
  expect(words.join('')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
});

const keyids = fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1 });
const role = fc.record({ keyids: keyids.map(k => k.toSorted()), threshold: fc.integer({ min: 1, max: 3 }) });
const anyRoot = fc.record({
  expires: fc.constantFrom('2027-03-01T12:00:00Z', '2027-04-01T12:00:00Z'),
  consistent_snapshot: fc.boolean(),
  keys: keyids.map(some => Object.fromEntries(some.map(id => [id, keys[ids.indexOf(id)]]))),
  roles: fc.record({ root: role, targets: role, snapshot: role, timestamp: role }),
});
const anyTarget = fc.record({
  length: fc.integer({ min: 1, max: 3 }),
  hashes: fc.constantFrom('1', '2').map(c => ({ sha256: c.repeat(64) })),
  custom: fc.dictionary(fc.constantFrom('counter', 'class', '__proto__x'), fc.constantFrom(1, 2, 'x')),
});
const anyDelegation = fc.record({
  name: fc.constantFrom('p-a-b', 'p-c-d', 'h-a'),
  keyids: keyids.map(k => k.toSorted()),
  threshold: fc.integer({ min: 1, max: 3 }),
  terminating: fc.boolean(),
  paths: fc.subarray(['a/*', 'b/*', 'c/*'], { minLength: 1 }),
});
const anyList = fc.record({
  spec_version: fc.constantFrom('1.0', '1.0.31'),
  targets: fc.dictionary(fc.constantFrom('a/b/c/d/e', 'a/b/c/d/f', 'constructor'), anyTarget),
  delegations: fc.record({
    keys: fc.constant({}),
    roles: fc.uniqueArray(anyDelegation, { selector: d => d.name }),
  }),
});

test('two lists that differ never look the same', () => {
  const differ = (a: RootSigned | TargetsSigned, b: RootSigned | TargetsSigned) => {
    const silent = changesBetween(a, b).filter(c => c.what !== 'version').length === 0;
    expect(silent).toBe(canonicalize(a) === canonicalize(b));
  };
  // Roots whose keys are exactly those that they use: other lists are refused before they are shown.
  const tidy = (part: object) => ({ ...root, ...part }) as RootSigned;
  fc.assert(
    fc.property(anyRoot, anyRoot, (a, b) => differ(tidy({ ...a, keys: root.keys }), tidy({ ...b, keys: root.keys }))),
  );
  fc.assert(fc.property(anyList, anyList, (a, b) => differ({ ...list, ...a }, { ...list, ...b })));
});
