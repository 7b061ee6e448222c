/**
 * The signing service's settings: one YAML file, read once and closed: an unknown key is a fault. Secrets stand in files
 * of their own or in the environment, never in here.
 */
import { dirname, resolve } from 'node:path';
import { closed } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { checkedUrl } from '../http/exchange.ts';
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { BySignature, Reader } from './access/caller.ts';
import { faultOf, Rule } from './access/claims-policy.ts';
import { Issuer } from './access/oidc.ts';

const Text = Type.String({ minLength: 1, maxLength: 4096 });
const OnlineKey = closed({
  /** Where the private half is, as in `tidegate-signer sign --key`. */
  uri: Text,
  passphraseFile: Type.Optional(Text),
});
export type OnlineKey = Static<typeof OnlineKey>;

const Settings = closed({
  /** The signing repository's folder. */
  repository: Text,
  listen: Type.Optional(
    closed({
      host: Type.Optional(Text),
      port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
      tlsCert: Type.Optional(Text),
      tlsKey: Type.Optional(Text),
      /** A proxy on this network ends TLS: plain HTTP beyond this machine is meant. */
      behindProxy: Type.Optional(Type.Boolean()),
    }),
  ),
  server: closed({
    /** Its admin listener. */
    url: Text,
    /** File with a releaser's token; read anew for each publication. */
    tokenFile: Text,
    /** Its device listener, as devices reach it: what they get is read back after each publication. */
    readBackUrl: Text,
  }),
  keys: closed({ snapshot: OnlineKey, timestamp: OnlineKey }),
  /** A new timestamp is signed when the last one is so old. */
  refreshSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3 * 86_400 })),
  issuers: Type.Optional(Type.Array(Issuer, { maxItems: 16 })),
  rules: Type.Optional(Type.Array(Rule, { maxItems: 500 })),
  bySignature: Type.Optional(BySignature),
  readers: Type.Optional(Type.Array(Reader, { maxItems: 100 })),
  clockToleranceSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 120 })),
  /** Waiting submissions are given up after so long. */
  waitingDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 365 })),
  /** Left free on the disk, whatever is uploaded. */
  reserveBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  redisPrefix: Type.Optional(Type.String({ pattern: '^[\\w.{}-]{1,64}$' })),
  logLevel: Type.Optional(Type.Enum(['debug', 'info', 'warn', 'error'])),
});

type Settings = Static<typeof Settings>;

export interface ServiceConfig extends Required<Omit<Settings, 'listen'>> {
  readonly listen: {
    readonly host: string;
    readonly port: number;
    readonly tls: { readonly cert: string; readonly key: string } | undefined;
  };
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
}

type Listen = NonNullable<Settings['listen']>;

const LOCALHOST = '127.0.0.1';
const ADDRESS_BYTES = 4096;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Paths in it are relative to the file. @throws SignerError `config-invalid` with the line of each fault */
export async function readServiceConfig(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ServiceConfig> {
  const settings = await readSettings(file);
  const { listen = {}, issuers = [], rules = [], bySignature = [] } = settings;
  const beside = (path: string) => resolve(dirname(file), path);
  const key = ({ uri, passphraseFile }: OnlineKey) => ({
    uri: uri.replace(/^file:(?!\/)/, () => `file:${dirname(resolve(file))}/`),
    ...(passphraseFile !== undefined && { passphraseFile: beside(passphraseFile) }),
  });
  return {
    refreshSeconds: 8 * 3600,
    readers: [],
    clockToleranceSeconds: 30,
    waitingDays: 30,
    reserveBytes: 256 * 1024 ** 2,
    redisPrefix: 'tidegate-signer',
    logLevel: 'info',
    ...settings,
    repository: beside(settings.repository),
    server: { ...settings.server, tokenFile: beside(settings.server.tokenFile) },
    keys: { snapshot: key(settings.keys.snapshot), timestamp: key(settings.keys.timestamp) },
    listen: listening(listen, beside),
    issuers,
    rules,
    bySignature,
    ...(await stores(env, file)),
  };
}

async function readSettings(file: string): Promise<Settings> {
  try {
    const { value, refuse } = await readYaml(file, Settings);
    refuse(faultsIn(value));
    return value;
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    const { message, faults } = error;
    throw new SignerError('config-invalid', message, { cause: error, ...(faults && { faults }) });
  }
}

/** What the schema cannot say. */
function faultsIn({ server, listen = {}, issuers = [], rules = [], bySignature = [] }: Settings) {
  const faults = rules.map((rule, i) => ({
    path: `/rules/${i}`,
    message: issuers.some(k => k.issuer === rule.issuer) ? faultOf(rule) : 'names an issuer that is not listed',
  }));
  faults.push({ path: '/listen', message: listenFault(listen) });
  for (const name of ['url', 'readBackUrl'] as const) {
    faults.push({ path: `/server/${name}`, message: urlFault(server[name]) });
  }
  if (rules.length === 0 && bySignature.length === 0) {
    faults.push({ path: '', message: 'nobody could submit: give rules, bySignature, or both' });
  }
  return faults.flatMap(({ path, message }) => (message === undefined ? [] : [{ path, message }]));
}

function listenFault({ host = LOCALHOST, tlsCert, tlsKey, behindProxy = false }: Listen): string | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) return 'needs tlsCert and tlsKey together';
  if (tlsCert !== undefined || behindProxy || LOOPBACK.test(host)) return undefined;
  return `is open to others without TLS: give tlsCert and tlsKey, or say behindProxy`;
}

function urlFault(url: string): string | undefined {
  try {
    checkedUrl(url);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function listening(
  { host = LOCALHOST, port = 8090, tlsCert, tlsKey }: Listen,
  beside: (path: string) => string,
): ServiceConfig['listen'] {
  const tls =
    tlsCert === undefined || tlsKey === undefined ? undefined : { cert: beside(tlsCert), key: beside(tlsKey) };
  return { host, port, tls };
}

/** Where timed work and the lock are kept. Addresses are never told: they may hold passwords. */
async function stores(env: Readonly<Record<string, string | undefined>>, file: string) {
  const [databaseUrl, redisUrl] = [await address('DATABASE_URL', env, file), await address('REDIS_URL', env, file)];
  if (databaseUrl === undefined && redisUrl === undefined) {
    throw invalid(
      file,
      'neither DATABASE_URL nor REDIS_URL is set (nor either as …_FILE): one of them keeps the timed work and the lock of the active process',
    );
  }
  if (databaseUrl !== undefined && !/^postgres(ql)?:$/.test(URL.parse(databaseUrl)?.protocol ?? '')) {
    throw invalid(file, 'DATABASE_URL must begin with postgresql://');
  }
  if (redisUrl !== undefined && !/^rediss?:$/.test(URL.parse(redisUrl)?.protocol ?? '')) {
    throw invalid(file, 'REDIS_URL must be like redis://user:password@host:6379/0, or rediss:// for TLS');
  }
  return { databaseUrl, redisUrl };
}

/** Of the variable, or of the file that `…_FILE` names, as containers get their secrets: out of sight of `inspect`. */
async function address(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  file: string,
): Promise<string | undefined> {
  const given = (variable: string) => (env[variable]?.trim() === '' ? undefined : env[variable]?.trim());
  const [value, path] = [given(name), given(`${name}_FILE`)];
  if (path === undefined) return value;
  if (value !== undefined) throw invalid(file, `${name} and ${name}_FILE exclude each other: give one of them`);
  const held = (await readBounded(path, ADDRESS_BYTES))?.toString('utf8').trim();
  if (held) return held;
  throw invalid(file, `${name}_FILE names ${path}, which is not there or is empty`);
}

function invalid(file: string, why: string): SignerError {
  return new SignerError('config-invalid', `${file}: ${why}.`);
}
