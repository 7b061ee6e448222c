/** An operator's office: a real server as a process of its own with one release published, and the CLI as a child process. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect } from 'vitest';
import { type Child, runToEnd, startChild } from '../src/child.ts';
import { freePorts } from '../src/free-port.ts';
import { push } from '../src/push.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { tempFolder } from '../src/temp-folder.ts';
import type { AskedServer } from '../server/enrolled-device.ts';

const CLI = fileURLToPath(import.meta.resolve('@tidegate/cli/cli'));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine with a home of its own and nothing remembered. */
export interface Machine {
  readonly path: string;
  file(name: string): string;
  /** Runs `tidegate` to its end. */
  run(words: readonly string[], env?: Record<string, string>): Promise<Ended>;
  /** The one JSON object of a command that succeeds. */
  json<T>(words: readonly string[], env?: Record<string, string>): Promise<T>;
  /** Starts `tidegate` and waits for a line. */
  start(words: readonly string[], isReady: (line: string) => boolean, env?: Record<string, string>): Promise<Child>;
}

export async function machine(path: string, env: Record<string, string> = {}): Promise<Machine> {
  await mkdir(path, { recursive: true });
  const own = {
    HOME: path,
    XDG_CONFIG_HOME: join(path, 'config'),
    TIDEGATE_SERVER: '',
    TIDEGATE_TOKEN: '',
    TIDEGATE_TOKEN_FILE: '',
    ...env,
  };
  const run: Machine['run'] = (words, more = {}) => runToEnd([CLI, ...words], { cwd: path, env: { ...own, ...more } });
  return {
    path,
    file: name => join(path, name),
    run,
    json: async <T>(words: readonly string[], more?: Record<string, string>) => {
      const { code, stdout, stderr } = await run([...words, '--json'], more);
      expect([code, stderr]).toEqual([0, '']);
      return JSON.parse(stdout) as T;
    },
    start: (words, isReady, more = {}) =>
      startChild({
        args: [CLI, ...words],
        cwd: path,
        env: { ...own, ...more },
        logFile: join(path, 'cli.log'),
        isReady,
      }),
  };
}

export interface Office extends AsyncDisposable {
  /** With the server's address and the first admin's token in its environment. */
  readonly desk: Machine;
  readonly server: ServerProcess;
  /** The server as a device asks it. */
  readonly asked: AskedServer;
  readonly folder: string;
  readonly repo: RepoSim;
  /** Path of the published release, version 1.1.0 with the counter 2. */
  readonly target: string;
  /** Starts the server again on its data, at the same ports. */
  restart(): Promise<void>;
}

export async function openOffice(): Promise<Office> {
  await using closing = new AsyncDisposableStack();
  const { path: folder } = closing.use(await tempFolder('tidegate-office'));
  const database = await emptyDatabase();
  closing.defer(() => database.drop());
  const [port = 0, adminPort = 0] = await freePorts(2);
  const repo = new RepoSim();
  const target = repo.release(Buffer.from('the new software'), { version: '1.1.0', counter: 2 });
  const trustedRoot = join(folder, 'root.json');
  await writeFile(trustedRoot, repo.root());
  const start = () =>
    startServerProcess({
      data: join(folder, 'server'),
      trustedRoot,
      port,
      adminPort,
      pollSeconds: 60,
      gateTickSeconds: 0.2,
      databaseUrl: database.url,
    });
  const running = { server: await start() };
  closing.defer(async () => void (await running.server.child.stop()));
  const { admin, adminToken, adminUrl } = running.server;
  await admin.post('/products', { name: 'gw2' });
  await push({ server: running.server, admin, adminToken }, repo);
  const tokenFile = join(folder, 'server', 'admin-token');
  const desk = await machine(join(folder, 'desk'), { TIDEGATE_SERVER: adminUrl, TIDEGATE_TOKEN_FILE: tokenFile });
  const kept = closing.move();
  return {
    desk,
    get server() {
      return running.server;
    },
    asked: { server: running.server, admin },
    folder,
    repo,
    target,
    restart: async () => {
      running.server = await start();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
