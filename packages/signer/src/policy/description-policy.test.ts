import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Firmware } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import { checkFirmware, checkHold } from './description-policy.ts';

const path = 'gw2/stable/rootfs/1.0.0/rootfs.img';
const plain: Firmware = {
  schema: 1,
  component: 'rootfs',
  version: '1.0.0',
  counter: 1,
  hardware: ['gw2-b'],
  kind: 'full',
  format: 'file',
  class: 'maintenance',
  disruption: 'none',
  releasedAt: '2026-03-01T12:00:00Z',
};

function codeOf(custom: unknown, at = path): string | undefined {
  try {
    checkFirmware(custom, at);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(SignerError);
    return (error as SignerError).code;
  }
}

describe('a description', () => {
  test('that is plain passes, with unknown fields of later versions too', () => {
    expect(codeOf(plain)).toBeUndefined();
    expect(codeOf({ ...plain, later: { deep: true } })).toBeUndefined();
  });

  test('of a security release says what risk it removes', () => {
    const security = { ...plain, class: 'security' };
    expect(codeOf(security)).toBe('risk-missing');
    expect(codeOf({ ...security, fixes: [{ id: 'CVE-1', risk: { en: '  ' } }] })).toBe('risk-missing');
    expect(codeOf({ ...security, fixes: [{ id: 'CVE-1', risk: { en: 'Strangers could listen.' } }] })).toBeUndefined();
  });

  test('agrees with its path', () => {
    expect(codeOf({ ...plain, component: 'app' })).toBe('firmware-invalid');
    expect(codeOf({ ...plain, version: '1.0.1' })).toBe('firmware-invalid');
    expect(codeOf(plain, 'gw2/stable/rootfs/1.0.0/../x')).toBe('name-invalid');
    expect(codeOf(plain, 'gw2/stable/rootfs/1.0.0/.hidden')).toBe('name-invalid');
  });

  test('is small and shallow, of whole numbers and true Unicode', () => {
    expect(codeOf({ ...plain, notes: { en: 'x'.repeat(500), de: 'x'.repeat(500), fr: 'x'.repeat(500) } })).toBe(
      'custom-too-large',
    );
    expect(codeOf({ ...plain, a: { b: { c: { d: { e: 1 } } } } })).toBe('firmware-invalid');
    expect(codeOf({ ...plain, ratio: 0.5 })).toBe('firmware-invalid');
    expect(codeOf({ ...plain, nothing: null })).toBe('firmware-invalid');
    expect(codeOf({ ...plain, notes: { en: '\ud800' } })).toBe('firmware-invalid');
  });

  test('of any shape is judged, never crashed on', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.string(), (custom, at) => codeOf(custom, at) !== undefined));
  });
});

test('a hold without a reason is refused', () => {
  const hold = { schema: 1, component: 'rootfs', version: '1.0.0', reason: { en: ' ' } };
  const at = 'hold/gw2/rootfs/1.0.0/hold.json';
  expect(() => checkHold(hold, at)).toThrow(expect.objectContaining({ code: 'reason-missing' }));
  expect(() => checkHold({ ...hold, version: '2', reason: { en: 'Bad.' } }, at)).toThrow(
    expect.objectContaining({ code: 'firmware-invalid' }),
  );
});
