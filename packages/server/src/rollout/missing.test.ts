import { DEFAULT_GATE } from '@tidegate/protocol';
import { expect, it } from 'vitest';
import { whyMissing } from './missing.ts';

const heard = (devices: number, missing: number) => ({ devices, missing });

it('sees devices that are missing beyond what the others show, and says so in numbers', () => {
  expect(whyMissing(DEFAULT_GATE, heard(20, 4), heard(1980, 20))).toBe(
    '4 of 20 devices that verified are not heard of any more, but only 20 of 1980 without the release: look what became of them',
  );
});

it('sees nothing where as many of the others are away, where few are missing, and where there are no others', () => {
  expect(whyMissing(DEFAULT_GATE, heard(20, 4), heard(1980, 400))).toBeUndefined();
  expect(whyMissing(DEFAULT_GATE, heard(20, 2), heard(1980, 0))).toBeUndefined();
  expect(whyMissing(DEFAULT_GATE, heard(2000, 400), heard(0, 0))).toBeUndefined();
});
