import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Command, type Program, readCommandLine } from './command-line.ts';
import { CommandError, EXIT } from './exit-code.ts';
import { PROGRAM } from './program.ts';

/** What a command was called with. */
function called(...words: string[]): unknown {
  const calls: unknown[] = [];
  const run = async (options: never, argument: never) =>
    void calls.push(argument === undefined ? options : [options, argument]);
  const command = (rest: Omit<Command, 'says' | 'run'>): Command => ({ says: 'does it', run, ...rest });
  const json = { says: 'as JSON' };
  const program: Program = {
    name: 'prog',
    says: 'does things',
    after: '',
    commands: {
      look: command({
        options: {
          json,
          'some-file': { says: 'a file', value: '<file>', default: 'usual' },
          csv: { says: 'a line', value: '[label]', conflicts: ['json'] },
        },
      }),
      set: command({
        options: { json, name: { says: 'a name', value: '<name>', isList: true } },
        argument: { name: 'kind', says: 'which', choices: ['on', 'off'] },
      }),
      'two words': command({ options: {}, argument: { name: 'rules', says: 'all', isOptional: true, isList: true } }),
    },
  };
  const typed = readCommandLine(program, words);
  if (typed.kind === 'help') return typed.text;
  void typed.run();
  return calls[0];
}

test.each([
  [['look'], { someFile: 'usual' }],
  [['look', '--some-file', 'x', '--json'], { someFile: 'x', json: true }],
  [['--some-file=x', 'look'], { someFile: 'x' }],
  [['look', '--csv', 'line 3'], { someFile: 'usual', csv: 'line 3' }],
  [['look', '--csv'], { someFile: 'usual', csv: true }],
  [['look', '--csv', '--some-file', 'x'], { someFile: 'x', csv: true }],
  [
    ['set', 'on'],
    [{ name: [] }, 'on'],
  ],
  [
    ['set', '--name', 'a', 'off', '--name', 'b'],
    [{ name: ['a', 'b'] }, 'off'],
  ],
  [
    ['two', 'words'],
    [{}, []],
  ],
  [
    ['two', 'words', 'a', 'b'],
    [{}, ['a', 'b']],
  ],
  [
    ['two', 'words', '--', '--json'],
    [{}, ['--json']],
  ],
])('%j is understood', (words, meant) => {
  expect(called(...words)).toEqual(meant);
});

test.each([
  [[], 'Usage: prog COMMAND'],
  [['explode'], "unknown command 'explode'"],
  [['toString'], "unknown command 'toString'"],
  [['look', '--boom'], "Unknown option '--boom'"],
  [['look', '--name', 'a'], 'look has no option --name'],
  [['look', '--some-file'], 'argument missing'],
  [['look', '--some-file', 'a', '--some-file', 'b'], '--some-file is given twice'],
  [['look', '--json=yes'], 'does not take an argument'],
  [['look', '--csv', '--json'], '--csv cannot be used with --json'],
  [['look', 'more'], "'more' is one word too many"],
  [['set'], '<kind> is missing'],
  [['set', 'maybe'], "kind is one of on, off, not 'maybe'"],
  [['set', 'on', 'off'], "'off' is one word too many"],
])('%j is wrong usage, and it says why', (words, why) => {
  expect(() => called(...words)).toThrow(
    expect.objectContaining({ exitCode: EXIT.usage, message: expect.stringContaining(why) }),
  );
});

test('help tells of a command, its argument and its options', () => {
  expect(called('--help')).toMatch(/^Usage: prog COMMAND(.|\n)*two words \[rules\.\.\.\] +does it/);
  const help = called('look', '-h');
  for (const words of ['Usage: prog look [options]', '--csv [label]', '(unless given: usual)'])
    expect(help).toContain(words);
  expect(called('set', '--help')).toMatch(/<kind> +which \(on, off\)/);
});

test('no words make it fail otherwise than as wrong usage', () => {
  const word = fc.oneof(
    fc.constantFrom(...Object.keys(PROGRAM.commands).flatMap(name => name.split(' '))),
    fc.constantFrom(
      '--json',
      '--config',
      '--csv',
      '--help',
      '--until=x',
      '-h',
      '--',
      '-',
      '8h',
      'on',
      '__proto__',
      '--__proto__',
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), words => {
      try {
        expect(['help', 'run']).toContain(readCommandLine(PROGRAM, words).kind);
      } catch (error) {
        expect(error).toBeInstanceOf(CommandError);
        expect(error).toMatchObject({ exitCode: EXIT.usage });
      }
    }),
    { numRuns: 500 },
  );
});
