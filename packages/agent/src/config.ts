/**
 * The agent's config, a YAML file in the image: facts of the product and where things lie. Closed: a misspelt key is an
 * error that names it. Nothing in it can be changed over the network.
 */
import { readFile } from 'node:fs/promises';
import { Attributes, closed, Instant, LIMITS, Name, type Parsed, parser } from '@tidegate/protocol';
import { CORE_SCHEMA, load } from 'js-yaml';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import {
  AnyComponent,
  Command,
  type ComponentConfig,
  isBooted,
  parseComponent,
  Path,
  Seconds,
  Url,
} from './component-config.ts';
import { ConfigError } from './config-error.ts';

const SOCKET_PATH_BYTES_MAX = 100;

const FileShape = closed({
  product: Name,
  hardware: Type.Optional(Name),
  /** Prints the hardware id, for images that serve several boards. */
  hardwareProbe: Type.Optional(Command),
  channel: Name,
  /** Channels that this image allows. */
  channels: Type.Array(Name, { minItems: 1, maxItems: 8 }),
  /** Absent: releases come from mirrors alone, by their signed schedules. */
  server: Type.Optional(Url),
  /** Further places with the same paths; they need no trust. */
  mirrors: Type.Optional(Type.Array(Url, { maxItems: 8 })),
  /** PEM of the only certificate authorities to trust. */
  caFile: Type.Optional(Path),
  rootFile: Path,
  builtAt: Instant,
  netDir: Path,
  trustDir: Path,
  adminSocket: Path,
  userSocket: Path,
  firstCheckWithinSeconds: Type.Optional(Seconds),
  /** Hold an event stream, to hear of a stop or a release sooner than by polling; costs a connection. */
  events: Type.Optional(Type.Boolean()),
  backoff: Type.Optional(closed({ baseSeconds: Type.Number({ minimum: 0.01 }), maxSeconds: Seconds })),
  withoutServer: Type.Optional(
    closed({
      /** A server that has not answered for so long counts as none. */
      afterSilentDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 90 })),
      /** How often the mirrors are looked at where there is no server. */
      pollSeconds: Type.Optional(Type.Number({ minimum: LIMITS.pollSecondsMin, maximum: LIMITS.pollSecondsMax })),
    }),
  ),
  components: Type.Array(AnyComponent, { minItems: 1, maxItems: 16 }),
  attributes: Type.Optional(Attributes),
  /** Restarts the machine, for installers that need it; `systemctl reboot` unless told. */
  rebootCommand: Type.Optional(Command),
});
export type AgentConfig = Omit<Static<typeof FileShape>, 'components'> & { readonly components: ComponentConfig[] };

const parseFile = parser(FileShape);

function parseConfig(value: unknown): Parsed<AgentConfig> {
  const file = parseFile(value);
  if (!file.ok) return file;
  const components: ComponentConfig[] = [];
  for (const [i, component] of file.value.components.entries()) {
    const parsed = parseComponent(component);
    if (!parsed.ok) return { ok: false, fault: { ...parsed.fault, path: `/components/${i}${parsed.fault.path}` } };
    components.push(parsed.value);
  }
  return { ok: true, value: { ...file.value, components } };
}

/** @throws ConfigError that names the file and the key */
export async function readConfig(file: string): Promise<AgentConfig> {
  let value: unknown;
  try {
    value = load(await readFile(file, 'utf8'), { schema: CORE_SCHEMA });
  } catch (error) {
    throw new ConfigError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const parsed = parseConfig(value);
  if (!parsed.ok) throw new ConfigError(`${file}: ${parsed.fault.path.slice(1) || 'the file'} ${parsed.fault.message}`);
  const fault = contradiction(parsed.value);
  if (fault !== undefined) throw new ConfigError(`${file}: ${fault}`);
  return parsed.value;
}

/** What a schema cannot say. Pure. */
export function contradiction(config: AgentConfig): string | undefined {
  if ((config.hardware === undefined) === (config.hardwareProbe === undefined)) {
    return 'give either hardware or hardwareProbe';
  }
  if (config.server === undefined && (config.mirrors ?? []).length === 0) {
    return 'give server, or mirrors that releases come from without one';
  }
  if (!config.channels.includes(config.channel)) return `channel ${config.channel} is not one of channels`;
  const names = config.components.map(c => c.name);
  if (new Set(names).size !== names.length) return 'two components have the same name';
  if (config.components.filter(isBooted).length > 1) return 'only one component can be started by the boot loader';
  if (config.adminSocket === config.userSocket) return 'adminSocket and userSocket must differ';
  for (const socket of [config.adminSocket, config.userSocket]) {
    if (Buffer.byteLength(socket) >= SOCKET_PATH_BYTES_MAX) {
      return `the socket's path is too long (at most ${SOCKET_PATH_BYTES_MAX - 1} bytes): ${socket}`;
    }
  }
  return undefined;
}
