import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { PASSPHRASE, signedRepository, START, testKey, type TestRepository } from '../test-repository.ts';
import { EXIT } from './exit-code.ts';
import { run } from './program.ts';
import type { Terminal } from './terminal.ts';

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let made: TestRepository;
let common: string[];
beforeEach(async () => {
  made = await signedRepository();
  common = ['--repo', made.dir, '--keys', join(made.dir, '..')];
});

/** The program with a terminal of the test's: `answers` are given to questions; without any, nobody is there. */
async function cli(args: readonly string[], how: { passphrase?: string; answers?: boolean[] } = {}): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []];
  const { passphrase = PASSPHRASE, answers } = how;
  const terminal: Terminal = {
    out: text => out.push(text),
    err: text => err.push(text),
    env: { TIDEGATE_PASSPHRASE: passphrase },
    now: () => START,
    pause: async () => {},
    live: false,
    askSecret: undefined,
    confirm: answers && (async () => answers.shift() === true),
  };
  const code = await run([...args, ...common], terminal);
  return { code, out: out.join(''), err: err.join('') };
}

async function everything(): Promise<Record<string, string>> {
  const files = (await readdir(made.dir, { recursive: true, withFileTypes: true })).filter(f => f.isFile());
  const paths = files.map(f => join(f.parentPath, f.name)).toSorted();
  return Object.fromEntries(await Promise.all(paths.map(async p => [p, await readFile(p, 'utf8')] as const)));
}

/** Exits with this code, says why by this code of error, and leaves the repository as it was. */
async function refuses(args: readonly string[], code: number, error: string, how = {}): Promise<Ended> {
  const before = await everything();
  const ended = await cli(args, how);
  expect(ended.err).toContain(`[${error}]`);
  expect(ended.code).toBe(code);
  expect(await everything()).toEqual(before);
  return ended;
}

const signature = () => join(made.dir, '..', 'a.sig.json');
const signApart = (key: string) => cli(['sign', 'root', '--key', key, '--out', signature()]);

test('a wrong passphrase, a strange key, a stale draft and two at once: an exit code for each, and nothing changed', async () => {
  await cli(['draft', 'root']);
  await refuses(['sign', 'root', '--key', 'a'], EXIT.keyAccess, 'passphrase-wrong', {
    passphrase: 'a wrong passphrase',
  });
  await refuses(['sign', 'root', '--key', 'ci'], EXIT.keyNotInRole, 'key-not-in-role');
  await signApart('a');
  await cli(['root', 'expire', '--days', '30']);
  await refuses(['add-signature', 'root', signature()], EXIT.draftStale, 'draft-stale');
  await refuses(['assemble', 'root'], EXIT.thresholdNotMet, 'threshold-not-met');
  await refuses(['add-signature', 'targets', signature()], EXIT.usage, 'usage');
  const text = await readFile(signature(), 'utf8');
  await writeFile(signature(), text.replace('"tidegate-signature-1"', '"something"'));
  await refuses(['add-signature', 'root', signature()], EXIT.verificationFailed, 'signature-invalid');
});

test('of two publishers at once the slower is told so, and goes on after it looked', async () => {
  const other = createServer((request, response) => {
    request.resume();
    response.writeHead(409, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ type: 'about:blank', title: 'Conflict', status: 409, code: 'version-conflict' }));
  });
  await new Promise<void>(done => other.listen(0, '127.0.0.1', done));
  const token = join(made.dir, '..', 'token');
  await writeFile(token, 'releaser-token');
  const to = ['--to', `http://127.0.0.1:${(other.address() as AddressInfo).port}`, '--token-file', token];
  await refuses(['publish', ...to], EXIT.conflict, 'publication-conflict');
  await new Promise(done => other.close(done));
});

test('one who signs while another has the repository open waits, and no signature is lost', async () => {
  await cli(['draft', 'root']);
  await Promise.all([cli(['sign', 'root', '--key', 'a']), cli(['sign', 'root', '--key', 'b'])]);
  expect(await readdir(join(made.dir, 'metadata'))).toContain('2.root.json');
});

test('where nobody can be asked, nothing is asked, and what is dear to undo needs --yes', async () => {
  const dear = [
    ['revoke', 'b'],
    ['rotate-online', '--timestamp-key', join(made.dir, '..', 'time2.pub.json')],
  ];
  const time2 = await testKey(join(made.dir, '..'), 'time2', 'online');
  await cli(['key', 'export', `file:${time2.path}`, '--out', join(made.dir, '..', 'time2.pub.json')]);
  for (const args of dear) {
    const { out } = await refuses(args, EXIT.usage, 'confirmation-missing');
    expect(out).toContain('What happens in the field:');
    await refuses(args, EXIT.usage, 'confirmation-missing', { answers: [false] });
  }
  expect(await cli(['revoke', 'b'], { answers: [true] })).toMatchObject({ code: 0 });
  expect(await readdir(join(made.dir, 'staged'))).toEqual(['h-gw2.json', 'root.json', 'targets.json']);
});

test('a process without a terminal ends by itself, although it needs a passphrase and a yes', async () => {
  await cli(['draft', 'root']);
  const ended = (args: readonly string[]) =>
    new Promise<number>(resolve => {
      const env = { ...process.env, TIDEGATE_PASSPHRASE: '' };
      const path = join(import.meta.dirname, '..', 'cli.ts');
      // Standard input stays open: a question would wait for ever.
      execFile(process.execPath, [path, ...args, ...common], { env }, error => resolve(Number(error?.code ?? 0)));
    });
  expect(await ended(['sign', 'root', '--key', 'a'])).toBe(EXIT.keyAccess);
  expect(await ended(['revoke', 'b'])).toBe(EXIT.usage);
});

test('a payload is shown before it is signed, and in a terminal signed only after a yes', async () => {
  await cli(['draft', 'root']);
  const payload = join(made.dir, '..', 'root.payload.json');
  await cli(['payload', 'root', '--out', payload]);
  const sign = ['sign', '--payload', payload, '--key', 'a', '--out', signature()];
  await refuses(sign, EXIT.usage, 'confirmation-missing', { answers: [false] });
  await expect(readFile(signature())).rejects.toThrow();
  const done = await cli(sign, { answers: [true] });
  expect(done).toMatchObject({ code: 0 });
  expect(done.out).toMatch(/version 1 -> 2[^]*2 must sign by the keys of root 1[^]*Send this file back/);
  await refuses(['sign', '--payload', payload, '--key', 'a'], EXIT.usage, 'usage');
  await refuses(['diff', 'root', '--payload', payload], EXIT.usage, 'usage');
});

test('what a script reads is one JSON value for each command', async () => {
  const time2 = await testKey(join(made.dir, '..'), 'time2', 'online');
  for (const args of [
    ['draft', 'root', '--days', '30'],
    ['diff', 'root'],
    ['payload', 'root', '--out', join(made.dir, '..', 'p.json')],
    ['sign', 'root', '--key', 'a', '--out', signature()],
    ['add-signature', 'root', signature()],
    ['assemble', '--allow-pending'],
    ['root', 'set-threshold', '2'],
    ['rotate-online', '--timestamp-key', time2.name, '--yes'],
    ['revoke', 'b', '--yes'],
    ['draft', 'root', '--drop'],
  ]) {
    const { code, out } = await cli([...args, '--json']);
    expect([args[0], code]).toEqual([args[0], 0]);
    expect(JSON.parse(out)).toBeTypeOf('object');
  }
});

test('a public key is taken in by the id that its holder told, and never in place of another', async () => {
  const out = join(made.dir, '..', 'out.pub.json');
  await cli(['key', 'export', 'a', '--out', out]);
  const file = join(made.dir, '..', 'a.pub.json');
  await copyFile(out, file);
  expect(await cli(['key', 'import', out, '--id', made.keys.a.keyid])).toMatchObject({ code: 0 });
  await refuses(['key', 'import', out, '--id', made.keys.b.keyid], EXIT.keyAccess, 'key-file-invalid');
  await cli(['key', 'export', 'b', '--out', out]);
  await writeFile(out, (await readFile(out, 'utf8')).replace('"name": "b"', '"name": "a"'));
  await refuses(['key', 'import', out], EXIT.failure, 'key-exists');
  await refuses(['revoke', 'nobody'], EXIT.failure, 'key-unknown');
});
