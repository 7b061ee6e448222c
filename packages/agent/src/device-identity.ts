/** Facts that come from the machine itself: its hardware id, and which boot this is. Never from the server. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { NAME_PATTERN } from '@tidegate/protocol';
import type { AgentConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import type { DeviceIdentity } from './machine/deps.ts';
import { execute } from './service/child-process.ts';

export const AGENT_VERSION = '0.1.0';

const PROBE_WITHIN_MS = 10_000;
const hardwarePattern = new RegExp(NAME_PATTERN);

/** @throws ConfigError where the hardware cannot be told */
export async function readIdentity(config: AgentConfig): Promise<DeviceIdentity> {
  const { product, channel, attributes = {} } = config;
  const hardware = config.hardware ?? (await probe(config.hardwareProbe ?? []));
  return { product, channel, hardware, attributes, bootId: await readBootId(), agentVersion: AGENT_VERSION };
}

async function probe([program = '', ...args]: readonly string[]): Promise<string> {
  const limits = { timeout: PROBE_WITHIN_MS, maxBuffer: 4096 };
  const { stdout } = await execute(program, args, limits).catch((error: unknown) => {
    throw new ConfigError(`hardwareProbe failed: ${(error as Error).message}`, { cause: error });
  });
  const hardware = stdout.trim();
  if (!hardwarePattern.test(hardware))
    throw new ConfigError(`hardwareProbe printed no hardware id: ${hardware.slice(0, 80)}`);
  return hardware;
}

/** The kernel's own id of this boot, as 32 hex digits: hashed, since it is nobody's business elsewhere. */
async function readBootId(): Promise<string> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  return createHash('sha256').update(`tidegate-boot-v1:${id.trim()}`).digest('hex').slice(0, 32);
}
