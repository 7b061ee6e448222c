import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Asked, mayI } from './may-i.ts';

const target = 'gw2/stable/app/1.1.0/app.tar.gz';
const asked = (more: Partial<Asked>): Asked => ({
  step: 'install',
  settings: { automatic: true },
  target,
  disruption: 'none',
  notBeforeMs: 0,
  opensAtMs: 0,
  failedBefore: false,
  nowMs: 1000,
  ...more,
});

test('nothing installs before setup is answered, not even what was asked for', () => {
  expect(mayI(asked({ settings: {} }))).toEqual({ kind: 'wait', reason: 'setup' });
  expect(mayI(asked({ settings: { applyNow: target } }))).toEqual({ kind: 'wait', reason: 'setup' });
});

test('no word of the server overrules off or later', () => {
  const offerFields = fc.record({ notBeforeMs: fc.nat(), disruption: fc.constantFrom('none', 'partial', 'full') });
  fc.assert(
    fc.property(offerFields, fields => {
      expect(mayI(asked({ ...fields, settings: { automatic: false } })).kind).toBe('wait');
      expect(mayI(asked({ ...fields, settings: { automatic: true, postponedUntilMs: 1001 } })).kind).toBe('wait');
    }),
  );
});

test('what is only to be brought in comes in, and installs when its owner says so', () => {
  const settings = { automatic: false, downloadFirst: true };
  expect(mayI(asked({ settings, step: 'download' }))).toEqual({ kind: 'yes' });
  expect(mayI(asked({ settings }))).toEqual({ kind: 'wait', reason: 'automatic-off' });
  expect(mayI(asked({ settings: { ...settings, applyNow: target } }))).toEqual({ kind: 'yes' });
  const postponed = { ...settings, postponedUntilMs: 5000 };
  expect(mayI(asked({ settings: postponed, step: 'download' }))).toMatchObject({ reason: 'postponed' });
  expect(mayI(asked({ settings: { downloadFirst: true }, step: 'download' }))).toMatchObject({ reason: 'setup' });
});

test('postponed installs at the time and not before', () => {
  const settings = { automatic: true, postponedUntilMs: 5000 };
  expect(mayI(asked({ settings, nowMs: 4999 }))).toEqual({ kind: 'wait', reason: 'postponed', untilMs: 5000 });
  expect(mayI(asked({ settings, nowMs: 5000 }))).toEqual({ kind: 'yes' });
});

test('apply now is consent to that one release, not to another', () => {
  const settings = { automatic: false, postponedUntilMs: 9e9, applyNow: target };
  expect(mayI(asked({ settings, notBeforeMs: 9e9, disruption: 'full' }))).toEqual({ kind: 'yes' });
  expect(mayI(asked({ settings: { ...settings, applyNow: 'gw2/stable/app/1.2.0/app.tar.gz' } })).kind).toBe('wait');
});

test('where the owner wants to see notices, an interrupting release waits for its own', () => {
  const settings = { automatic: true, disruptiveAfterNotice: true };
  expect(mayI(asked({ settings, disruption: 'full' }))).toEqual({ kind: 'wait', reason: 'notice' });
  expect(mayI(asked({ settings, disruption: 'none' }))).toEqual({ kind: 'yes' });
  expect(mayI(asked({ settings: { ...settings, noticed: target }, disruption: 'full' }))).toEqual({ kind: 'yes' });
});

test('what failed here before is tried again only when the owner asks for it', () => {
  expect(mayI(asked({ failedBefore: true }))).toEqual({ kind: 'wait', reason: 'failed-before' });
  expect(mayI(asked({ failedBefore: true, settings: { automatic: true, applyNow: target } }))).toEqual({ kind: 'yes' });
});

test('keeps to its place in the pace of the rollout', () => {
  expect(mayI(asked({ notBeforeMs: 2000 }))).toEqual({ kind: 'wait', reason: 'not-before', untilMs: 2000 });
});

test('waits for the windows, and says when they open, or that they never do', () => {
  expect(mayI(asked({ opensAtMs: 1001 }))).toEqual({ kind: 'wait', reason: 'window', untilMs: 1001 });
  expect(mayI(asked({ opensAtMs: 1000 }))).toEqual({ kind: 'yes' });
  expect(mayI(asked({ opensAtMs: Infinity }))).toEqual({ kind: 'wait', reason: 'windows-apart' });
});

test('apply now overrules the windows of maker and owner', () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 5000, Infinity), opensAtMs => {
      expect(mayI(asked({ opensAtMs, settings: { automatic: true, applyNow: target } }))).toEqual({ kind: 'yes' });
    }),
  );
});

test('times that the owner chose are as good as a notice; those of the maker are not', () => {
  const settings = { automatic: true, disruptiveAfterNotice: true };
  const window = [{ days: ['mon' as const], from: '02:00', to: '05:00' }];
  expect(mayI(asked({ settings: { ...settings, window }, disruption: 'full' }))).toEqual({ kind: 'yes' });
  expect(mayI(asked({ settings, disruption: 'full' }))).toMatchObject({ reason: 'notice' });
});
