/** What `login` remembers: the server's address and where the token lies. Never the token itself. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { closed, parser } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { parse, stringify } from 'yaml';
import { CliError } from '../cli-error.ts';
import { readBounded, syncFolder, unwritable } from './files.ts';

const Config = closed({
  server: Type.String({ minLength: 1, maxLength: 500 }),
  /** Absolute path. */
  tokenFile: Type.String({ minLength: 1, maxLength: 4096 }),
});
export type Config = Static<typeof Config>;

const MAX_BYTES = 16 * 1024;
const parseConfig = parser(Config);

type Environment = Readonly<Record<string, string | undefined>>;

export function configPath(env: Environment): string {
  const base = env['XDG_CONFIG_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.config') : base, 'tidegate', 'config.yaml');
}

/** @returns undefined before the first `login` @throws CliError `config-invalid` */
export async function readConfig(env: Environment): Promise<Config | undefined> {
  const path = configPath(env);
  const bytes = await readBounded(path, MAX_BYTES);
  if (!bytes) return undefined;
  const parsed = parseConfig(parsedYaml(path, bytes.toString('utf8')));
  if (parsed.ok) return parsed.value;
  throw invalid(path, `${parsed.fault.path} ${parsed.fault.message}`.trim());
}

function parsedYaml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw invalid(path, (error as Error).message.split('\n')[0] ?? '');
  }
}

function invalid(path: string, why: string): CliError {
  return new CliError('config-invalid', `${path} cannot be used: ${why}. Write it anew: tidegate login.`);
}

/** Whole or not at all, readable by its owner alone. @returns its path @throws CliError `file-unwritable` */
export async function writeConfig(env: Environment, config: Config): Promise<string> {
  const path = configPath(env);
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(aside, 'wx', 0o600);
    try {
      await file.writeFile(stringify(config));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
    await syncFolder(path);
    return path;
  } catch (cause) {
    await rm(aside, { force: true });
    throw unwritable(path, cause);
  }
}
