import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ownFolder } from './own-folders.ts';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-own-'));
  await mkdir(at('state/trust/tuf'), { recursive: true });
  await symlink(at('state'), at('link'));
});
afterEach(() => rm(folder, { recursive: true }));

const PLACES = ['state/trust', 'state/trust/tuf', 'state/trust/not/yet/there', 'state', 'link', 'link/trust/new'];

test.each(PLACES)('knows the state of a running agent by what lies in it: %s', async place => {
  await writeFile(at('state/trust/floors.a.json'), '{}');
  expect(await ownFolder(at(place), at('none.yaml'))).toBe(at('state/trust'));
});

test.each(PLACES)('knows the state of an agent that never ran by its config: %s', async place => {
  const config = {
    product: 'gw2',
    hardware: 'gw2-a',
    channel: 'stable',
    channels: ['stable'],
    server: 'https://updates.example',
    rootFile: at('root.json'),
    builtAt: '2026-11-01T00:00:00Z',
    netDir: at('net'),
    trustDir: at('link/trust'),
    adminSocket: at('admin.sock'),
    userSocket: at('user.sock'),
    components: [{ name: 'app', installer: 'directory', folder: at('app'), factory: { version: '1', counter: 1 } }],
  };
  await writeFile(at('agent.yaml'), stringify(config));
  expect(await ownFolder(at(place), at('agent.yaml'))).toBe(at('state/trust'));
  expect(await ownFolder(at('net/downloads'), at('agent.yaml'))).toBe(at('net'));
  expect(await ownFolder(at('lists'), at('agent.yaml'))).toBeUndefined();
});

test('leaves every other folder to its user', async () => {
  await writeFile(at('state/trust/floors.a.json'), '{}');
  expect(await ownFolder(at('lists'), at('none.yaml'))).toBeUndefined();
  expect(await ownFolder(at('trust'), at('none.yaml'))).toBeUndefined();
});
