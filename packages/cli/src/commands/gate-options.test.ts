import { Gate } from '@tidegate/protocol';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { gateOf, withGate } from './gate-options.ts';
import { gateWords } from './rollout-words.ts';

const EVERY =
  '--min-verified 5 --resolved 96% --success 91% --allowed-failures 3% --min-failures 4 --max-failures 9 ' +
  '--significance 6% --min-refusals 2 --refusals 7% --counting disk-full,network --ignoring slot-mismatch --soak 3d --silence 2d';

function parsed(words: string) {
  const command = withGate(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return gateOf(command.parse(words.split(' '), { from: 'user' }).opts());
}

test('every number of a gate has an option, and is told in words', () => {
  const gate = parsed(EVERY) as Gate;
  expect(Object.keys(gate).toSorted()).toEqual(Object.keys(Gate.properties).toSorted());
  const words = gateWords(gate).join(' ').replaceAll(/ +/g, ' ');
  for (const part of [
    'after 3 d and 5 verified at least: 96 % of the begun final, 91 % of them verified',
    'from 4 failures on, where more than 3 % fail, and at 9 in any case (in 6 % of cases by mistake, at most)',
    'where 2 refuse it as not authentic, and 7 % of the begun',
    'network, disk-full as failures here',
    'slot-mismatch here',
    'of 48 h counts as a failure',
  ]) {
    expect(words).toContain(part);
  }
});

test('what is not said is the server’s to fill in, and a code that cannot be weighed is refused', () => {
  expect(parsed('--soak 2d')).toEqual({ soakSeconds: 172_800 });
  for (const code of ['silent', 'artifact-hash', 'luck']) {
    expect(() => parsed(`--ignoring ${code}`)).toThrow(/Give codes of these/);
  }
});
