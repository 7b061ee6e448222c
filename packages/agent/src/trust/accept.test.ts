import { type Firmware, LIMITS } from '@tidegate/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accept, type AcceptInput, type ListedTarget } from './accept.ts';

const PATH = 'gw2/stable/app/1.5.0/app.bin';
const FIRMWARE: Firmware = {
  schema: 1,
  component: 'app',
  version: '1.5.0',
  counter: 15,
  hardware: ['gw2-a'],
  kind: 'full',
  format: 'file',
  class: 'feature',
  disruption: 'none',
  releasedAt: '2031-05-01T00:00:00Z',
};
const SHA256 = 'ab'.repeat(32);

interface Change {
  readonly firmware?: object;
  readonly target?: Partial<ListedTarget>;
  readonly installed?: Record<string, number>;
  readonly floor?: number;
  readonly input?: Partial<AcceptInput>;
}

function judge({ firmware, target, installed = { app: 14 }, floor = 0, input }: Change = {}) {
  const listed = { lengthBytes: 10, hashes: { sha256: SHA256 }, custom: { ...FIRMWARE, ...firmware }, ...target };
  return accept({
    path: PATH,
    device: {
      product: 'gw2',
      hardware: 'gw2-a',
      channel: 'stable',
      installed: Object.fromEntries(Object.entries(installed).map(([c, counter]) => [c, { version: 'x', counter }])),
    },
    listed: new Map([[PATH, listed]]),
    listedUntil: '2031-06-01T00:00:00Z',
    isHeld: () => false,
    floor: () => floor,
    trustedNowMs: Date.parse('2031-05-02T00:00:00Z'),
    ...input,
  });
}

test('accepts what fits, and says until when', () => {
  expect(judge()).toEqual({
    ok: true,
    target: { path: PATH, sha256: SHA256, lengthBytes: 10, firmware: FIRMWARE, validUntil: '2031-06-01T00:00:00Z' },
  });
});

test.each<[string, string, Change]>([
  ['a path of four parts', 'target-not-signed', { input: { path: 'gw2/stable/app/app.bin' } }],
  ['another product', 'wrong-channel', { input: { path: 'gw3/stable/app/1.5.0/app.bin' } }],
  ['a hold as a release', 'wrong-channel', { input: { path: 'hold/gw2/app/1.5.0/hold.json' } }],
  ['what is not listed', 'target-not-signed', { input: { listed: new Map() } }],
  ['a list that has ended', 'metadata-expired', { input: { listedUntil: '2031-05-02T00:00:00Z' } }],
  ['a target with MD5 only', 'metadata-malformed', { target: { hashes: { md5: 'x' } } }],
  ['no hash at all', 'metadata-malformed', { target: { hashes: {} } }],
  ['a length that cannot be', 'metadata-malformed', { target: { lengthBytes: LIMITS.artifactBytes + 1 } }],
  ['a broken length', 'metadata-malformed', { target: { lengthBytes: 0.5 } }],
  ['no description', 'metadata-malformed', { target: { custom: undefined } }],
  ['a later schema, whatever is in it', 'schema-unknown', { target: { custom: { schema: 2 } } }],
  ['an unknown ability', 'schema-unknown', { firmware: { mustUnderstand: ['encryption'] } }],
  ['a delta', 'schema-unknown', { firmware: { kind: 'patch', imageSha256: SHA256 } }],
  ['a parts list', 'schema-unknown', { target: { custom: { schema: 1, kind: 'sbom' } } }],
  ['a bundle', 'schema-unknown', { target: { custom: { schema: 1, kind: 'bundle', component: 'bundle' } } }],
  ['a kind of later times', 'schema-unknown', { firmware: { kind: 'x'.repeat(5000) } }],
  ['a kind that is no text', 'metadata-malformed', { firmware: { kind: 1 } }],
  ['a version that is not the path’s', 'metadata-malformed', { firmware: { version: '1.6.0' } }],
  ['what is held', 'held', { input: { isHeld: (c, v) => c === 'app' && v === '1.5.0' } }],
  ['other hardware', 'wrong-hardware', { firmware: { hardware: ['gw2-b'] } }],
  ['the counter installed', 'counter-rollback', { installed: { app: 15 } }],
  ['a counter below the floor', 'counter-rollback', { floor: 16 }],
  ['a leap of the counter', 'metadata-malformed', { firmware: { counter: 15 + LIMITS.counterStep } }],
  [
    'a missing requirement',
    'requirement-missing',
    { firmware: { requires: [{ component: 'mcu', minCounter: 2 }] }, installed: { app: 14, mcu: 1 } },
  ],
  ['a missing stepping stone', 'stepping-stone-missing', { firmware: { minFromCounter: 15 } }],
])('refuses %s', (_, code, change) => {
  expect(judge(change)).toMatchObject({ ok: false, code });
});

test('a hold is told before anything that a later release could mend', () => {
  expect(judge({ firmware: { hardware: ['gw2-b'] }, input: { isHeld: () => true } })).toMatchObject({ code: 'held' });
});

test('a device fresh from the factory takes any counter, and one long away takes the next after those listed', () => {
  expect(judge({ firmware: { counter: 5000 }, installed: {} })).toMatchObject({ ok: true });
  const older = { lengthBytes: 1, hashes: {}, custom: { ...FIRMWARE, counter: 4500 } };
  const newest = { lengthBytes: 1, hashes: { sha256: SHA256 }, custom: { ...FIRMWARE, counter: 5000 } };
  const listed = new Map([
    ['gw2/stable/app/1.4.0/app.bin', older],
    [PATH, newest],
  ]);
  expect(judge({ input: { listed } })).toMatchObject({ ok: true });
});

test('never accepts a counter at or below what is installed, or below the floor', () => {
  const counter = fc.integer({ min: 1, max: 900 });
  fc.assert(
    fc.property(counter, counter, counter, (offered, installed, floor) => {
      const verdict = judge({ firmware: { counter: offered }, installed: { app: installed }, floor });
      expect(verdict.ok).toBe(offered > installed && offered >= floor);
    }),
  );
});

test('is total: answers whatever stands in the list', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (custom, path) => {
      expect(typeof judge({ target: { custom } }).ok).toBe('boolean');
      expect(judge({ input: { path } }).ok).toBe(false);
    }),
  );
});
