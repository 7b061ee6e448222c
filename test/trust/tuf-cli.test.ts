/** `tidegate-agent tuf`: the plain client's command line, against a repository in memory that holds every key. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { CONTENT, type PlainGround, plainGround } from './plain-client.ts';

const AGENT_CLI = fileURLToPath(import.meta.resolve('@tidegate/agent/cli'));

let ground: PlainGround;

beforeEach(async () => {
  ground = await plainGround();
});
afterEach(() => ground[Symbol.asyncDispose]());

const at = (...parts: string[]) => ground.at(...parts);
const tuf = (...words: string[]) => runToEnd([AGENT_CLI, 'tuf', '--metadata-dir', at('lists'), ...words]);
const init = () => tuf('init', at('factory.json'));
const refresh = () => tuf('refresh', '--metadata-url', ground.metadataUrl, '--json');
const download = (name = ground.path) => {
  const repository = ['--metadata-url', ground.metadataUrl, '--target-base-url', ground.targetsUrl];
  return tuf('download', ...repository, '--target-name', name, '--target-dir', at('targets'));
};

test('trusts a root, follows the lists as plain files, and brings a target by way of its delegation', async () => {
  expect(await init()).toMatchObject({ code: 0, stdout: 'trusts root 1\n' });
  const { code, stdout } = await refresh();
  expect({ code, versions: JSON.parse(stdout) as object }).toEqual({
    code: 0,
    versions: { root: 1, timestamp: 2, snapshot: 2, targets: 1 },
  });
  const file = at('targets', encodeURIComponent(ground.path));
  expect(await download()).toMatchObject({ code: 0, stdout: `${file}\n` });
  expect(await readFile(file)).toEqual(CONTENT);
  expect(await readdir(at('targets'))).toEqual([encodeURIComponent(ground.path)]);
  const names = ['p-gw2-stable.json', 'root.json', 'snapshot.json', 'targets.json', 'timestamp.json'];
  expect((await readdir(at('lists'))).filter(name => name !== 'h-gw2.json')).toEqual(names);
});

test('talks in plain text to this machine alone', async () => {
  await init();
  const { code, stderr } = await tuf('refresh', '--metadata-url', 'http://updates.example/metadata');
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('only https') });
});

test('says what is missing', async () => {
  const { code, stderr } = await tuf('download');
  expect(code).toBe(2);
  expect(stderr).toContain('give --metadata-url, --target-name, --target-base-url, --target-dir');
});

test('ends with 1 and the code where what came is not authentic', async () => {
  await init();
  ground.server.twist('app.bin', { kind: 'replace', bytes: Buffer.from('other bytes here') });
  const { code, stderr } = await download();
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('artifact-hash') });
});

test("leaves the agent's own state alone", async () => {
  await mkdir(at('lists'));
  await writeFile(at('lists/floors.a.json'), '{}');
  const { code, stderr } = await init();
  expect({ code, stderr }).toMatchObject({ code: 4, stderr: expect.stringContaining("the agent's own state") });
  expect(await readdir(at('lists'))).toEqual(['floors.a.json']);
});
