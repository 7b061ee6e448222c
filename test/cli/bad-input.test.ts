/** What an operator, a network or an evil server does wrong to `tidegate`: a clear word, a stable exit code, and no harm. */
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../src/free-port.ts';
import { machine, type Office, openOffice } from './office.ts';
import { pass, sendJson, startStrangeServer } from './strange-server.ts';

let office: Office;
beforeAll(async () => {
  office = await openOffice();
});
afterAll(() => office[Symbol.asyncDispose]());

const id = '0123456789abcdef0123456789abcdef';
const secret = 'tgat_a-secret-that-must-not-travel';

async function refusal(words: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await office.desk.run([...words, '--json'], env);
  expect(stdout).toBe('');
  const { error } = JSON.parse(stderr) as { error: { code: string; message: string; path?: string; exitCode: number } };
  expect(error.exitCode).toBe(code);
  return { exit: code, ...error };
}

test('refuses wrong usage with exit code 2, as a line for people or as JSON', async () => {
  expect(await refusal(['device', 'lst'])).toMatchObject({ exit: 2, code: 'usage' });
  const { code, stdout, stderr } = await office.desk.run(['device', 'show', '../products']);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^tidegate: .+ 32 of the characters .+ \[usage\]\n$/);
});

test.each([
  ['a device that is not there', ['device', 'show', id], 3, 'not-found'],
  ['a rollout that is not there', ['rollout', 'show', id], 3, 'not-found'],
  ['watching a rollout that is not there', ['rollout', 'watch', id], 3, 'not-found'],
  ['a filter that does not parse', ['device', 'list', '--filter', 'site=='], 2, 'filter-invalid'],
  ['a release that is not published', ['rollout', 'create', 'gw2/stable/app/9/x', '--yes'], 2, 'release-unknown'],
])('tells what the server says of %s', async (_what, words, exit, code) => {
  expect(await refusal(words)).toMatchObject({ exit, code });
});

test('tells which phase is wrong, in words and as a path', async () => {
  const words = ['rollout', 'create', office.target, '--phases', '50%,10%', '--yes'];
  const wrong = await refusal(words);
  expect(wrong).toMatchObject({ exit: 2, code: 'phases-not-growing', path: '/phases/1' });
  expect(wrong.message).toContain('(at phases, entry 2)');
});

test('tells at which position a filter is wrong, of what a gate demands too much, and where releases are listed', async () => {
  const create = ['rollout', 'create', office.target, '--yes'];
  const filter = await refusal([...create, '--filter', 'site==a;;floor==1']);
  expect(filter).toMatchObject({ exit: 2, code: 'filter-invalid', path: '/filter' });
  expect(filter.message).toContain('at position 9');
  const gate = await refusal([...create, '--success', '99%', '--allowed-failures', '3%']);
  expect(gate).toMatchObject({ exit: 2, code: 'gate-impossible', path: '/gate/successShare' });
  expect(gate.message).toContain('99 % and allowed failures of 3 % are more than 100 % together: lower one of them');
  const other = await refusal(['rollout', 'create', 'cam1/stable/app/9/x', '--yes']);
  expect(other).toMatchObject({ exit: 2, code: 'release-unknown', path: '/target' });
  expect(other.message).toContain('tidegate release list');
});

test('is turned away with a wrong token, and says what to do', async () => {
  const tokenFile = office.desk.file('wrong.token');
  await writeFile(tokenFile, `${secret}\n`, { mode: 0o600 });
  const wrong = await refusal(['product', 'list', '--token-file', tokenFile]);
  expect(wrong).toMatchObject({ exit: 6, code: 'unauthenticated' });
  expect(wrong.message).toContain('tidegate login');
  const login = await refusal(['login', '--token-file', tokenFile]);
  expect(login).toMatchObject({ exit: 6, code: 'unauthenticated' });
  expect(await office.desk.run(['product', 'list'])).toMatchObject({ code: 0 });
});

test('repeats nothing of a token file that holds something else, and warns where others can read it', async () => {
  const tokenFile = office.desk.file('notes.txt');
  await writeFile(tokenFile, `my passphrase is ${secret}\nand more\n`, { mode: 0o644 });
  const wrong = await refusal(['product', 'list', '--token-file', tokenFile]);
  expect(wrong).toMatchObject({ exit: 2, code: 'file-unreadable' });
  expect(wrong.message).not.toContain(secret);
  await writeFile(tokenFile, office.server.adminToken);
  const seen = await office.desk.run(['product', 'list', '--token-file', tokenFile]);
  expect(seen).toMatchObject({ code: 0 });
  expect(seen.stderr).toContain(`chmod 600 ${tokenFile}`);
});

test('says that nobody is there, with exit code 5', async () => {
  const [port] = await freePorts(1);
  for (const words of [['status'], ['rollout', 'watch', id]]) {
    const gone = await refusal([...words, '--server', `http://127.0.0.1:${port}`]);
    expect(gone).toMatchObject({ exit: 5, code: 'unreachable' });
    expect(gone.message).toContain('nobody listens there');
  }
});

test('says that the device listener is not the admin address', async () => {
  expect(await refusal(['product', 'list', '--server', office.server.deviceUrl])).toMatchObject({ exit: 3 });
});

test('leaves a file that is there already untouched, and asks the server for nothing', async () => {
  const out = office.desk.file('taken.csv');
  await writeFile(out, 'precious');
  await using strange = await startStrangeServer((_request, response) => sendJson(response, 201, {}));
  for (const words of [
    ['token', 'create', '--product', 'gw2', '--count', '5', '--out', out],
    ['api-token', 'create', '--name', 'x', '--role', 'viewer', '--out', out],
  ]) {
    expect(await refusal([...words, '--server', strange.url])).toMatchObject({ exit: 2, code: 'file-exists' });
  }
  expect(await readFile(out, 'utf8')).toBe('precious');
  expect(strange.heard).toEqual([]);
});

test('leaves no file behind where nothing was made', async () => {
  const out = office.desk.file('nothing.csv');
  const words = ['token', 'create', '--product', 'unknown', '--count', '5', '--out', out];
  expect(await refusal(words)).toMatchObject({ exit: 3, code: 'not-found' });
  await expect(readFile(out)).rejects.toThrow('ENOENT');
});

test('keeps the claim tokens that it has when the server dies between two batches, and says how to get the rest', async () => {
  const seen = { batches: 0 };
  await using between = await startStrangeServer(async (request, response) => {
    seen.batches += 1;
    if (seen.batches <= 2) {
      await pass(request, response, office.server.adminUrl);
      return;
    }
    await office.server.child.kill();
    response.destroy();
  });
  const out = office.desk.file('cut-off.csv');
  const words = ['token', 'create', '--product', 'gw2', '--count', '25000', '--out', out];
  const cutOff = await refusal([...words, '--server', between.url]);
  expect(cutOff).toMatchObject({ exit: 5, code: 'unreachable' });
  expect(cutOff.message).toContain(`20000 of 25000 claim tokens are safe in ${out}`);
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
  expect(lines.length).toBe(20_001);
  expect(lines.every(line => /^(product|gw2),[A-Za-z0-9_-]+,\S+$/.test(line))).toBe(true);

  await office.restart();
  expect(await refusal(words)).toMatchObject({ exit: 2, code: 'file-exists' });
  const rest = /tidegate (token create .*) --out/.exec(cutOff.message)?.[1]?.split(' ') ?? [];
  expect(await office.desk.json([...rest, '--out', office.desk.file('rest.csv')])).toMatchObject({ count: 5000 });
});

type Trick = (request: IncomingMessage, response: ServerResponse) => void;
const tricks: [string, Trick, { exit: number; code: string }][] = [
  ['no JSON', (_, r) => void r.end('<html>Welcome</html>'), { exit: 1, code: 'answer-invalid' }],
  ['JSON that is no list', (_, r) => sendJson(r, 200, { items: 7 }), { exit: 1, code: 'answer-invalid' }],
  [
    'a list of something else',
    (_, r) => sendJson(r, 200, { items: [{}], next: null }),
    { exit: 1, code: 'answer-invalid' },
  ],
  ['a list without an end', (_, r) => sendJson(r, 200, { items: [], next: 'x' }), { exit: 1, code: 'answer-invalid' }],
  ['an answer without an end', (_, r) => endless(r), { exit: 1, code: 'answer-invalid' }],
  [
    'half an answer',
    (_, r) => void r.writeHead(200, { 'content-length': 99 }).write('{', () => r.destroy()),
    { exit: 5, code: 'unreachable' },
  ],
  ['nothing', request => void request.socket.destroy(), { exit: 5, code: 'unreachable' }],
  [
    'a redirect to another server',
    (_, r) => void r.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
    { exit: 1, code: 'http-302' },
  ],
  ['an error page of a proxy', (_, r) => void r.writeHead(502).end('Bad Gateway'), { exit: 5, code: 'http-502' }],
];

test.each(tricks)('is not led astray by a server that sends %s', async (_what, trick, expected) => {
  await using strange = await startStrangeServer(trick);
  expect(await refusal(['product', 'list', '--server', strange.url])).toMatchObject(expected);
});

test('shows no escape sequence of an evil server, in words or as JSON', async () => {
  const detail = '\u001b]0;owned\u0007\u009b2J';
  await using strange = await startStrangeServer((_, response) => {
    const problem = { type: 'about:blank', title: detail, status: 409, code: 'conflict', detail, path: `/${detail}` };
    response.writeHead(409, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  });
  for (const more of [[], ['--json']]) {
    const { code, stderr } = await office.desk.run(['product', 'list', '--server', strange.url, ...more]);
    expect(code).toBe(3);
    expect(stderr).not.toMatch(/[^\P{Cc}\n]/u);
  }
});

test('reads an answer with fields that it does not know, from a newer server', async () => {
  const item = { name: 'gw2', title: 'Gateway', createdAt: '2026-11-24T00:00:00Z', colour: 'red' };
  await using strange = await startStrangeServer((_, r) => sendJson(r, 200, { items: [item], next: null, more: 1 }));
  expect(await office.desk.json(['product', 'list', '--server', strange.url])).toEqual({ items: [item] });
});

test('sends the token that was kept for one server to no other', async () => {
  await using strange = await startStrangeServer((_, r) => sendJson(r, 200, { items: [], next: null }));
  const fresh = await machine(office.desk.file('careful'));
  await fresh.json([
    'login',
    '--server',
    office.server.adminUrl,
    '--token-file',
    `${office.folder}/server/admin-token`,
  ]);
  for (const [words, env] of [
    [['product', 'list', '--server', strange.url], {}],
    [['product', 'list'], { TIDEGATE_SERVER: strange.url }],
  ] as const) {
    expect(await fresh.run(words, env)).toMatchObject({ code: 6 });
  }
  expect(strange.heard).toEqual([]);
});

test('names a config that cannot be read, and login writes it anew', async () => {
  const fresh = await machine(office.desk.file('broken'));
  const login = ['login', '--server', office.server.adminUrl, '--token-file', `${office.folder}/server/admin-token`];
  const { config } = await fresh.json<{ config: string }>(login);
  for (const text of ['server: [', 'server: 7\ntokenFile: x\n', 'server: https://a.example\ntoken: x\n']) {
    await writeFile(config, text);
    const { code, stderr } = await fresh.run(['status']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^tidegate: .*config\.yaml cannot be used: .+\n$/)]);
  }
  await fresh.json(login);
  expect(await fresh.run(['product', 'list'])).toMatchObject({ code: 0 });
});

function endless(response: ServerResponse): void {
  const piece = Buffer.alloc(64 * 1024, 0x20);
  const more = () => {
    while (!response.destroyed && response.write(piece)) {
      // Until the other side has enough.
    }
  };
  response.on('drain', more).on('error', () => undefined);
  more();
}
