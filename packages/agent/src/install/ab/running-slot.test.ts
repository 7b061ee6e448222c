import { expect, test } from 'vitest';
import { runningSlot } from './running-slot.ts';

test('is what the boot loader told the kernel, and the last word counts', () => {
  expect(runningSlot('root=/dev/vda3 tidegate.slot=b quiet\n')).toBe('b');
  expect(runningSlot('tidegate.slot=b quiet tidegate.slot=a')).toBe('a');
});

test.each(['quiet', 'tidegate.slot=', 'tidegate.slot=c', 'tidegate.slot=ab', 'x.tidegate.slot=a', ''])(
  'is never guessed: %j',
  commandLine => {
    expect(() => runningSlot(commandLine)).toThrow('tidegate.slot=a');
  },
);
