/**
 * Which server, and with which token: by option, environment, `login`, or the server that runs beside. A token goes only
 * to the server that it was kept for: one from `login` not to another that was named this time, and the one of a data
 * folder here to this machine alone.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type AdminApi, adminApi } from '../api/admin-api.ts';
import { checkedUrl, isLoopback } from '../api/address.ts';
import { CliError } from '../cli-error.ts';
import { type Shown, tell } from '../print/say.ts';
import type { Terminal } from '../terminal.ts';
import { type Config, readConfig } from './config-file.ts';
import { readBounded } from './files.ts';

/** Options that every command takes, before or after its name. */
export interface Common extends Shown {
  readonly server?: string;
  readonly tokenFile?: string;
}

const DEFAULT_SERVER = 'http://127.0.0.1:8081';
/** Where a server that was started here with no settings keeps its first admin's token. */
const NEARBY_TOKEN = './tidegate-data/admin-token';
const TOKEN_BYTES = 4096;
const TOKEN = /^[\x21-\x7e]{8,1024}$/;

/** @throws CliError `token-missing`, `file-unreadable`, `insecure-url`, `usage`, `config-invalid` */
export async function openSession(options: Common, terminal: Terminal): Promise<AdminApi> {
  const config = await readConfig(terminal.env);
  const url = serverUrl(options, terminal, config);
  const file = tokenFile(options, terminal, config, url);
  const token = file === undefined ? undefined : await readToken(file.path, file.needed);
  if (file && token !== undefined && options.json !== true) await warnIfSeen(file.path, terminal);
  const given = token ?? tokenOf(terminal.env['TIDEGATE_TOKEN'] ?? '', 'TIDEGATE_TOKEN', true);
  if (given !== undefined) return adminApi(url, given, terminal.interrupted);
  throw new CliError(
    'token-missing',
    `An API token for ${url.origin} is needed: give --token-file FILE, or keep one by: tidegate login --server ${url.origin} --token-file FILE. The server's first is the file admin-token in its data folder.`,
  );
}

/** The server that is meant. @throws CliError `usage`, `insecure-url` */
export function serverUrl(options: Common, { env }: Pick<Terminal, 'env'>, config: Config | undefined): URL {
  return checkedUrl(options.server ?? given(env['TIDEGATE_SERVER']) ?? config?.server ?? DEFAULT_SERVER);
}

function tokenFile(
  options: Common,
  { env }: Terminal,
  config: Config | undefined,
  url: URL,
): { readonly path: string; readonly needed: boolean } | undefined {
  const named = options.tokenFile ?? given(env['TIDEGATE_TOKEN_FILE']);
  if (named !== undefined) return { path: named, needed: true };
  if (given(env['TIDEGATE_TOKEN']) !== undefined) return undefined;
  if (config && checkedUrl(config.server).href === url.href) return { path: config.tokenFile, needed: true };
  return isLoopback(url) ? { path: resolve(NEARBY_TOKEN), needed: false } : undefined;
}

/** @returns undefined where the file need not be there, and is not @throws CliError `file-unreadable` */
export async function readToken(path: string, needed: boolean): Promise<string | undefined> {
  const bytes = await readBounded(path, TOKEN_BYTES);
  if (bytes) return tokenOf(bytes.toString('utf8'), path, false);
  if (needed) throw new CliError('file-unreadable', `There is no token file ${path}.`);
  return undefined;
}

/** Never repeats what it was given: it may be another secret. */
function tokenOf(text: string, source: string, mayBeEmpty: boolean): string | undefined {
  const token = text.trim();
  if (token === '' && mayBeEmpty) return undefined;
  if (!TOKEN.test(token))
    throw new CliError('file-unreadable', `There is no API token in ${source}: one line of letters and digits.`);
  return token;
}

async function warnIfSeen(path: string, terminal: Terminal): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0)
    tell(terminal, `Others on this machine can read ${path}; take that away: chmod 600 ${path}`);
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
