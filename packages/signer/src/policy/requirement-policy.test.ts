import { expect, test } from 'vitest';
import type { Firmware } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import { checkRequirements } from './requirement-policy.ts';

function firmware(component: string, counter: number, said: Partial<Firmware> = {}): Firmware {
  return {
    schema: 1,
    component,
    version: String(counter),
    counter,
    hardware: ['gw2-a'],
    kind: 'full',
    format: 'file',
    class: 'maintenance',
    disruption: 'none',
    releasedAt: '2031-05-01T00:00:00Z',
    ...said,
  };
}

function codeOf(release: Firmware, listed: readonly Firmware[]): string | undefined {
  try {
    checkRequirements(release, listed, 'x');
    return undefined;
  } catch (error) {
    return (error as SignerError).code;
  }
}

const needsMcu = firmware('app', 9, { requires: [{ component: 'mcu', minCounter: 4 }] });

test('what a release requires is in its channel, new enough and for the same hardware', () => {
  expect(codeOf(needsMcu, [firmware('mcu', 4)])).toBeUndefined();
  expect(codeOf(needsMcu, [firmware('mcu', 5), firmware('mcu', 1)])).toBeUndefined();
  expect(codeOf(needsMcu, [])).toBe('requirement-unmet');
  expect(codeOf(needsMcu, [firmware('mcu', 3)])).toBe('requirement-unmet');
  expect(codeOf(needsMcu, [firmware('mcu', 4, { hardware: ['gw2-b'] })])).toBe('requirement-unmet');
  const both = { ...needsMcu, hardware: ['gw2-a', 'gw2-b'] };
  expect(codeOf(both, [firmware('mcu', 4)])).toBe('requirement-unmet');
  expect(codeOf(both, [firmware('mcu', 4), firmware('mcu', 4, { hardware: ['gw2-b'] })])).toBeUndefined();
});

test('no release requires itself', () => {
  const itself = firmware('app', 9, { requires: [{ component: 'app', minCounter: 8 }] });
  expect(codeOf(itself, [firmware('app', 8)])).toBe('requirement-unmet');
});

test('a stepping stone lies between the counter to come from and the release', () => {
  const release = firmware('app', 9, { minFromCounter: 5 });
  expect(codeOf(release, [firmware('app', 5)])).toBeUndefined();
  expect(codeOf(release, [firmware('app', 8)])).toBeUndefined();
  expect(codeOf(release, [firmware('app', 4), firmware('app', 9), firmware('app', 12)])).toBe('requirement-unmet');
  expect(codeOf(firmware('app', 9, { minFromCounter: 9 }), [firmware('app', 8)])).toBe('requirement-unmet');
});
