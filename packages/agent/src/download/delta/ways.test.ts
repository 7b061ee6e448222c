import type { DeltaEntry } from '@tidegate/protocol';
import { expect, test } from 'vitest';
import type { SignedDelta } from '../../ports.ts';
import { waysTo } from './ways.ts';

const [IMAGE, OLD, OTHER] = ['1', '2', '3'].map(digit => digit.repeat(64)) as [string, string, string];
const TARGET = { path: 'gw2/stable/app/2/app.img', sha256: IMAGE, lengthBytes: 1000 };
const RUNS = { path: '/dev/mmcblk0p2', lengthBytes: 900, sha256: OLD };

const common = {
  schema: 1,
  component: 'app',
  version: '2',
  imageSha256: IMAGE,
  releasedAt: '2031-05-01T00:00:00Z',
};

function patch(lengthBytes: number, said: object = {}): SignedDelta {
  const head = { lengthBytes: 10, sha256: OTHER };
  const entry = { ...common, kind: 'patch', format: 'tidegate-patch-1', baseSha256: OLD, head, ...said };
  return { path: `${lengthBytes}.patch`, sha256: OTHER, lengthBytes, entry: entry as DeltaEntry };
}

function chunks(lengthBytes: number, said: object = {}): SignedDelta {
  const entry = { ...common, kind: 'chunks', format: 'tidegate-chunks-1', ...said };
  return { path: `${lengthBytes}.chunks`, sha256: OTHER, lengthBytes, entry: entry as DeltaEntry };
}

const pathsOf = (deltas: SignedDelta[], old = RUNS) => waysTo(TARGET, deltas, old).map(way => way.delta.path);

test('patches from what runs come first, the shortest before all; then chunks', () => {
  expect(pathsOf([chunks(5), patch(700), patch(300)])).toEqual(['300.patch', '700.patch', '5.chunks']);
});

test('of an image that nobody noted only chunks are of use', () => {
  const { sha256: _, ...unnoted } = RUNS;
  expect(waysTo(TARGET, [patch(300), chunks(5)], unnoted).map(way => way.kind)).toEqual(['chunks']);
});

test.each<[string, SignedDelta]>([
  ['a patch from another image', patch(300, { baseSha256: OTHER })],
  ['a patch to another image', patch(300, { imageSha256: OTHER })],
  ['a patch in a later format', patch(300, { format: 'tidegate-patch-2' })],
  ['a patch that is as long as the image', patch(1000)],
  ['a patch that is all head and more', patch(9)],
  ['chunks of another image', chunks(5, { imageSha256: OTHER })],
  ['chunks in a later format', chunks(5, { format: 'tidegate-chunks-2' })],
  ['an index as long as the image', chunks(1000)],
])('passes over %s', (_, delta) => {
  expect(pathsOf([delta])).toEqual([]);
});
