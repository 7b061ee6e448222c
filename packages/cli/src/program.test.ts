import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './program.ts';
import { testTerminal } from './test-terminal.ts';

const id = '0123456789abcdef0123456789abcdef';
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tidegate-cli-'));
});
afterAll(() => rm(home, { recursive: true }));

/** Somebody with a token for a server at which nobody listens: whoever asks it gets 5 and not 2. */
const terminal = () =>
  testTerminal({ XDG_CONFIG_HOME: home, TIDEGATE_SERVER: 'http://127.0.0.1:1', TIDEGATE_TOKEN: 'tgat_token' });

test.each([
  ['no command', [], 'usage'],
  ['an unknown command', ['device', 'lst'], 'usage'],
  ['an unknown option', ['status', '--colour'], 'usage'],
  ['a missing argument', ['device', 'show'], 'usage'],
  ['an id that is a path', ['device', 'show', '../products'], 'usage'],
  ['an id in capitals', ['rollout', 'stop', id.toUpperCase()], 'usage'],
  ['a count of none', ['token', 'create', '--product', 'gw2', '--count', '0', '--out', 'x.csv'], 'usage'],
  ['a product that is no name', ['product', 'add', 'GW2'], 'usage'],
  ['phases that are no shares', ['rollout', 'create', 'a/b/c/1/d', '--phases', '10,50'], 'usage'],
  ['both forms of output', ['device', 'list', '--csv'], 'usage'],
  ['both sides of a choice', ['device', 'list', '--revoked', '--not-revoked'], 'usage'],
  ['a time that is none', ['device', 'list', '--seen-before', 'yesterday'], 'usage'],
  ['an unknown role', ['api-token', 'create', '--name', 'x', '--role', 'king', '--print'], 'usage'],
  ['neither file nor print', ['api-token', 'create', '--name', 'x', '--role', 'admin'], 'usage'],
  ['a key file that is not there', ['key', 'upload', 'none.csv'], 'file-unreadable'],
  ['a CA file that is not there', ['ca', 'add', '--product', 'gw2', '--certificate', 'none.pem'], 'file-unreadable'],
  ['a token file that is not there', ['status', '--token-file', 'none'], 'file-unreadable'],
  ['an address that is none', ['status', '--server', 'updates.example'], 'usage'],
  ['another scheme', ['status', '--server', 'ftp://updates.example'], 'usage'],
  ['a password in the address', ['status', '--server', 'https://a:b@updates.example'], 'usage'],
  ['plain http to another machine', ['status', '--server', 'http://192.0.2.1:8081'], 'insecure-url'],
  ['plain http to a name that looks local', ['status', '--server', 'http://127.0.0.1.example'], 'insecure-url'],
])('refuses %s with exit code 2, without asking the server', async (_what, words, code) => {
  const said = terminal();
  expect(await run([...words, '--json'], said)).toBe(2);
  expect(said.text.out).toBe('');
  expect(JSON.parse(said.text.err)).toMatchObject({ error: { code, exitCode: 2 } });
});

test('shows help with examples for every command, on standard output', async () => {
  for (const words of [
    ['login'],
    ['token', 'create'],
    ['device', 'list'],
    ['rollout', 'create'],
    ['rollout', 'watch'],
  ]) {
    const said = terminal();
    expect(await run([...words, '--help'], said)).toBe(0);
    expect(said.text.out).toContain(`  $ tidegate ${words.join(' ')}`);
    expect([said.text.err, said.text.out.includes('--token-file <file>')]).toEqual(['', true]);
  }
});

test('asks before it does what cannot be undone, and takes anything but yes for no', async () => {
  const asked: string[] = [];
  const said = {
    ...terminal(),
    ask: (question: string) => {
      asked.push(question);
      return Promise.resolve(false);
    },
  };
  expect(await run(['device', 'revoke', id], said)).toBe(2);
  expect(asked).toEqual([`Lock the device ${id} out? There is no way back.`]);
});
