/** Tests: a folder of its own for the `script` installer, with releases for it and modules that the test writes. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { create } from 'tar';
import { durableFiles } from '../../durable/durable-files.ts';
import type { AcceptedTarget, Installer } from '../../ports.ts';
import { targetFor } from '../test-target.ts';
import { openScriptInstaller, type ScriptInstallerDeps } from './script-installer.ts';

const FIRST_BOOT = '1'.repeat(32);

export const never: AbortSignal = new AbortController().signal;

export interface TestScripts extends AsyncDisposable {
  readonly folder: string;
  /** Lines of the log. */
  readonly said: readonly string[];
  open(deps: Partial<ScriptInstallerDeps> & Pick<ScriptInstallerDeps, 'executable'>): Promise<Installer>;
  /** A release as it comes: an archive of the files, in this order. */
  release(files: Readonly<Record<string, string>>): Promise<{ file: string; target: AcceptedTarget }>;
  /** A module that notes each state that it is asked for, and then does what the test says. */
  moduleThat(body: string): Promise<string>;
  /** The states that such a module was asked for, in order. */
  asked(): Promise<string[]>;
}

export async function openTestScripts(): Promise<TestScripts> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-script-'));
  await chmod(folder, 0o755);
  const said: string[] = [];
  return {
    folder,
    said,
    open: deps =>
      openScriptInstaller({
        component: 'app',
        dialect: 'mender-v3',
        folder: join(folder, 'work'),
        timeoutSeconds: () => 30,
        allowsNoWayBack: false,
        factory: { version: '1.0.0', counter: 1 },
        hardware: 'gw2-a',
        bootId: FIRST_BOOT,
        trustDir: join(folder, 'trust'),
        files: durableFiles,
        log: pino({ level: 'info' }, { write: (line: string) => said.push(line) }),
        ...deps,
      }),
    async release(files) {
      const from = await mkdtemp(join(folder, 'release-'));
      for (const [name, text] of Object.entries(files)) await writeFile(join(from, name), text);
      const file = join(folder, 'artifact.tar');
      await create({ file, cwd: from, portable: true }, Object.keys(files));
      return { file, target: targetOf(await readFile(file), 'tar', 'app.tar') };
    },
    async moduleThat(body) {
      const path = join(folder, 'module');
      await writeFile(path, `#!/bin/sh\nset -e\necho "$1" >> ${folder}/asked\n${body}\n`);
      await chmod(path, 0o755);
      return path;
    },
    asked: async () => (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export const targetOf = (bytes: Buffer, format: string, file: string): AcceptedTarget =>
  targetFor(bytes, { component: 'app', format, file });

export const exists = (path: string): Promise<boolean> =>
  stat(path)
    .then(() => true)
    .catch(() => false);
