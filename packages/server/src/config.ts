/**
 * What an operator may set, from (strongest first) the command line, the environment, a YAML file, defaults.
 * Parsed once; a fault names the key and where it stood.
 */
import { readFile } from 'node:fs/promises';
import { closed, LIMITS, parser } from '@tidegate/protocol';
import { Type } from 'typebox';
import { parse } from 'yaml';
import { ConfigError } from './config-error.ts';
import { DEFAULT_FLEET_CONFIG, type FleetConfig } from './fleet/fleet-config.ts';
import { DEFAULT_ROLLOUT_CONFIG, type RolloutConfig } from './rollout/rollout-config.ts';

export interface ServerConfig {
  /** Keys, artifacts, and the embedded PostgreSQL where no `databaseUrl` is set. */
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  /** `postgresql://…` of a database that others look after. */
  readonly databaseUrl?: string | undefined;
  /** `redis://…` or `rediss://…`: carries the timed work in place of PostgreSQL. */
  readonly redisUrl?: string | undefined;
  /** Begins the name of every key in Redis: installations that share one need different ones. */
  readonly redisPrefix: string;
  /** How long a start tries to reach the database before it gives up. */
  readonly databaseWaitSeconds: number;
  /** No statement takes longer, and a line to the database that went dead is given up after so long. */
  readonly databaseAnswerSeconds: number;
  /** Root metadata, at first start. */
  readonly trustedRoot?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly logLevel: string;
  /** Location of nginx that serves the artifact folder: targets are handed to it instead of being streamed. */
  readonly artifactRedirect?: string | undefined;
  /** Devices that may download at one time, over all rollouts and processes; absent: as many as come. */
  readonly downloadsAtOnce?: number | undefined;
  /** Images are sent to no device faster; absent: as fast as they go. */
  readonly deviceBytesPerSecond?: number | undefined;
  readonly rollouts: RolloutConfig;
  readonly fleet: FleetConfig;
}

const Port = Type.Integer({ minimum: 0, maximum: 65_535 });
const Text = Type.String({ minLength: 1, maxLength: 4096 });

const Settings = Type.Partial(
  closed({
    data: Text,
    host: Text,
    port: Port,
    adminHost: Text,
    adminPort: Port,
    databaseUrl: Text,
    databaseUrlFile: Text,
    redisUrl: Text,
    redisUrlFile: Text,
    redisPrefix: Type.String({ pattern: '^[\\w.{}-]{1,64}$' }),
    databaseWaitSeconds: Type.Number({ minimum: 0, maximum: 3600 }),
    databaseAnswerSeconds: Type.Number({ minimum: 0.1, maximum: 3600 }),
    trustedRoot: Text,
    tlsCert: Text,
    tlsKey: Text,
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error']),
    artifactRedirect: Type.String({ pattern: '^/([\\w-]{1,64}/){1,8}$' }),
    pollSeconds: Type.Number({ minimum: 1, maximum: 86_400 }),
    pollSecondsMax: Type.Number({ minimum: 60, maximum: LIMITS.pollSecondsMax / 2 }),
    checkInsPerSecond: Type.Number({ minimum: 0.1, maximum: 1_000_000 }),
    checkInBytesPerSecond: Type.Number({ minimum: 1000, maximum: 1e12 }),
    deviceRequestsPerMinute: Type.Number({ minimum: 10, maximum: 1e9 }),
    addressRequestsPerMinute: Type.Number({ minimum: 10, maximum: 1e9 }),
    loopDelayMs: Type.Number({ minimum: 10, maximum: 60_000 }),
    requestsAtOnce: Type.Integer({ minimum: 10, maximum: 1_000_000 }),
    eventStreams: Type.Integer({ minimum: 0, maximum: 40_000 }),
    gateTickSeconds: Type.Number({ minimum: 0.1, maximum: 3600 }),
    reportRetentionDays: Type.Number({ minimum: 1, maximum: 3660 }),
    downloadBytesPerSecond: Type.Integer({ minimum: 1000, maximum: 10 ** 12 }),
    deviceBytesPerSecond: Type.Integer({ minimum: 1000, maximum: 10 ** 10 }),
  }),
  { additionalProperties: false },
);
export type Settings = Type.Static<typeof Settings>;

const parseSettings = parser(Settings);

const FLEET_SETTINGS = [
  'pollSeconds',
  'pollSecondsMax',
  'checkInsPerSecond',
  'checkInBytesPerSecond',
  'deviceRequestsPerMinute',
  'addressRequestsPerMinute',
  'loopDelayMs',
  'requestsAtOnce',
  'eventStreams',
] as const satisfies (keyof FleetConfig)[];

/** Environment variables by setting: `TIDEGATE_ADMIN_PORT` is `adminPort`. */
const NUMBERS = new Set([
  'port',
  'adminPort',
  'databaseWaitSeconds',
  'databaseAnswerSeconds',
  'gateTickSeconds',
  'reportRetentionDays',
  ...FLEET_SETTINGS,
  'downloadBytesPerSecond',
  'deviceBytesPerSecond',
]);

/** Those that go by a name that everyone knows. */
const VARIABLES: Readonly<Record<string, string>> = {
  databaseUrl: 'DATABASE_URL',
  databaseUrlFile: 'DATABASE_URL_FILE',
  redisUrl: 'REDIS_URL',
  redisUrlFile: 'REDIS_URL_FILE',
};
const SECRET_MAX_BYTES = 4096;

/** @throws ConfigError */
export async function readConfig(
  commandLine: Settings & { readonly config?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): Promise<ServerConfig> {
  const { config: file, ...words } = commandLine;
  const settings = {
    ...(file === undefined ? {} : checked(await readYaml(file), file)),
    ...checked(fromEnvironment(env), 'the environment'),
    ...checked(words, 'the command line'),
  };
  if ((settings.tlsCert === undefined) !== (settings.tlsKey === undefined)) {
    throw new ConfigError('tlsCert and tlsKey go together: give both, or neither');
  }
  const { gateTickSeconds, reportRetentionDays, databaseUrlFile, redisUrlFile, ...more } = settings;
  const { downloadBytesPerSecond, ...rest } = more;
  const databaseUrl = await given('databaseUrl', settings.databaseUrl, databaseUrlFile);
  const redisUrl = await given('redisUrl', settings.redisUrl, redisUrlFile);
  checkDatabaseUrl(databaseUrl);
  checkRedisUrl(redisUrl);
  return {
    data: './tidegate-data',
    host: '127.0.0.1',
    port: 8080,
    adminHost: '127.0.0.1',
    adminPort: 8081,
    databaseWaitSeconds: 60,
    databaseAnswerSeconds: 30,
    redisPrefix: 'tidegate',
    logLevel: 'info',
    ...rest,
    databaseUrl,
    redisUrl,
    downloadsAtOnce: downloadsAtOnce(downloadBytesPerSecond, settings.deviceBytesPerSecond),
    rollouts: {
      gateTickSeconds: gateTickSeconds ?? DEFAULT_ROLLOUT_CONFIG.gateTickSeconds,
      reportRetentionDays: reportRetentionDays ?? DEFAULT_ROLLOUT_CONFIG.reportRetentionDays,
    },
    fleet: fleetOf(settings),
  };
}

function fleetOf(settings: Settings): FleetConfig {
  const given = FLEET_SETTINGS.flatMap(name => (settings[name] === undefined ? [] : [[name, settings[name]] as const]));
  return { ...DEFAULT_FLEET_CONFIG, ...Object.fromEntries(given) };
}

/**
 * How many devices make up the bytes a second that the line may carry. Their own speed must be said with it, since it
 * is also what they are held to.
 */
function downloadsAtOnce(most: number | undefined, ofOne: number | undefined): number | undefined {
  if (most === undefined) return undefined;
  if (ofOne === undefined)
    throw new ConfigError('downloadBytesPerSecond needs deviceBytesPerSecond: what one device takes of it');
  if (most < ofOne)
    throw new ConfigError('downloadBytesPerSecond is less than deviceBytesPerSecond: nobody could download');
  return Math.floor(most / ofOne);
}

/** A setting that holds a password may stand in a file, as containers get their secrets: out of sight of `inspect`. */
async function given(name: string, value: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return value;
  if (value !== undefined) throw new ConfigError(`${name} and ${name}File exclude each other: give one of them`);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ConfigError(`${name}File cannot be read: ${(error as Error).message}`, { cause: error });
  });
  if (text.trim() === '' || text.length > SECRET_MAX_BYTES)
    throw new ConfigError(`${name}File ${file} is empty or longer than ${SECRET_MAX_BYTES} bytes`);
  return text.trim();
}

/** The driver would take any text for an address and look for it in vain. The URL is not told: it may hold a password. */
function checkDatabaseUrl(url: string | undefined): void {
  if (url === undefined || /^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? '')) return;
  throw new ConfigError('databaseUrl (DATABASE_URL) must be a URL that begins with postgresql://');
}

/** Not told either. A query would reach the client as options, past what is decided here. */
function checkRedisUrl(text: string | undefined): void {
  if (text === undefined) return;
  const url = URL.parse(text);
  const known = url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '' && url.search + url.hash === '';
  if (known && /^\/?\d{0,5}$/.test(url.pathname)) return;
  throw new ConfigError('redisUrl (REDIS_URL) must be like redis://user:password@host:6379/0, or rediss:// for TLS');
}

function checked(value: unknown, where: string): Settings {
  const parsed = parseSettings(value);
  if (parsed.ok) return parsed.value;
  throw new ConfigError(`${where}: ${parsed.fault.path.slice(1) || 'the whole'} ${parsed.fault.message}`);
}

async function readYaml(file: string): Promise<unknown> {
  try {
    return (parse(await readFile(file, 'utf8')) as unknown) ?? {};
  } catch (error) {
    throw new ConfigError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const key of Object.keys(Settings.properties)) {
    const text = env[VARIABLES[key] ?? `TIDEGATE_${key.replace(/[A-Z]/g, c => `_${c}`).toUpperCase()}`];
    if (text !== undefined && text.trim() !== '') found[key] = NUMBERS.has(key) ? Number(text) : text;
  }
  return found;
}
