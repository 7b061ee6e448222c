import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function agent(...args: string[]): Promise<Ended> {
  return new Promise(resolve => {
    const child = execFile(process.execPath, [join(import.meta.dirname, 'cli.ts'), ...args], (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

async function configFile(): Promise<string> {
  const file = join(folder, 'agent.yaml');
  const config = {
    product: 'gw2',
    hardware: 'gw2-a',
    channel: 'stable',
    channels: ['stable'],
    server: 'https://updates.example',
    rootFile: join(folder, 'root.json'),
    builtAt: '2026-11-01T00:00:00Z',
    netDir: join(folder, 'net'),
    trustDir: join(folder, 'trust'),
    adminSocket: join(folder, 'admin.sock'),
    userSocket: join(folder, 'user.sock'),
    components: [
      { name: 'app', installer: 'directory', folder: join(folder, 'app'), factory: { version: '1.0.0', counter: 1 } },
    ],
  };
  await writeFile(file, stringify(config));
  return file;
}

test('help names the commands and the exit codes, and is no failure', async () => {
  const { exitCode, stdout } = await agent('--help');
  expect(exitCode).toBe(0);
  for (const word of [
    'run',
    'enrol',
    'key',
    'status',
    'refusals',
    'check',
    'apply',
    'auto',
    'postpone',
    'window',
    'tuf',
    'Exit codes',
  ])
    expect(stdout).toContain(word);
});

test('wrong usage ends with 2', async () => {
  const [unknown, span, ways] = await Promise.all([
    agent('explode'),
    agent('postpone', 'soon'),
    agent('enrol', '--registered-key', '--claim-token-file', 'x'),
  ]);
  expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("unknown command 'explode'") });
  expect(span).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('90s, 30m, 8h or 2d') });
  expect(ways).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('cannot be used with') });
});

test('times that are none, or none at all, are wrong usage, and the answer shows how to write them', async () => {
  const config = await configFile();
  for (const words of [['at night'], ['02:00-02:00'], [], ['mon 02:00-05:00', '--any-time']]) {
    const { exitCode, stderr } = await agent('window', ...words, '--config', config);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/mon-fri|never opens/);
  }
});

test('enrolling without a way to enrol is wrong usage, and says which there are', async () => {
  const { exitCode, stderr } = await agent('enrol', '--config', await configFile());
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^tidegate-agent: the device is not enrolled yet: give --claim-token-file.*\n$/);
});

test('an agent that does not run ends with 3 and says how to start it', async () => {
  const { exitCode, stderr } = await agent('status', '--config', await configFile());
  expect(exitCode).toBe(3);
  expect(stderr).toContain('tidegate-agent run');
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('a config that is not there ends with 1 and one line that names it', async () => {
  const file = join(folder, 'none.yaml');
  const { exitCode, stderr } = await agent('run', '--config', file);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`${file} cannot be read`);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
