/** RAUC by its own command, which asks RAUC's service where there is one. */
import { AgentError } from '../../agent-error.ts';
import { endingOf, runTool, type ToolEnd } from '../tool.ts';
import { type RaucStatus, readStatus } from './rauc-status.ts';

export interface RaucSettings {
  readonly systemConfig: string;
  /** For an installation. */
  readonly timeoutSeconds: number;
  /** Where the service is reached, if not where D-Bus is by default. */
  readonly busAddress?: string | undefined;
}

export interface Rauc {
  /** As it says it. */
  version(): Promise<string>;
  status(): Promise<RaucStatus>;
  /** Verifies its signature, too. @throws AgentError installer-failed */
  formatOf(bundle: string): Promise<string>;
  /** @throws AgentError installer-failed; not-now where it is at work already */
  install(bundle: string, signal: AbortSignal): Promise<void>;
  /** @param slot by RAUC's name @throws AgentError activate-failed */
  mark(as: 'good' | 'bad' | 'active', slot: string): Promise<void>;
}

const ANSWER_SECONDS = 60;
/** An installation that outlived an agent that was killed. */
const BUSY = /already processing a different method/i;
const ASK_AGAIN_SECONDS = 30;

export function raucTool({ systemConfig, timeoutSeconds, busAddress }: RaucSettings): Rauc {
  const env = busAddress === undefined ? {} : { DBUS_SYSTEM_BUS_ADDRESS: busAddress };
  const run = async (
    args: readonly string[],
    refusal: 'installer-failed' | 'activate-failed',
    { signal, seconds = ANSWER_SECONDS }: { signal?: AbortSignal; seconds?: number } = {},
  ): Promise<ToolEnd> => {
    const call = { program: 'rauc', args, env, timeoutSeconds: seconds, signal };
    const ended = await runTool(call);
    if (ended.code === 0) return ended;
    if (BUSY.test(ended.said))
      throw new AgentError('not-now', 'RAUC is at work already', { retryAfterSeconds: ASK_AGAIN_SECONDS });
    throw new AgentError(refusal, endingOf(call, ended));
  };
  return {
    version: async () => (await run(['--version'], 'installer-failed')).printed,
    status: async () =>
      readStatus((await run(['status', '--detailed', '--output-format=json'], 'activate-failed')).printed),
    async formatOf(bundle) {
      const { printed } = await run(['info', `--conf=${systemConfig}`, bundle], 'installer-failed');
      const format = /^Bundle Format:\s*([a-z]+)/m.exec(printed)?.[1];
      if (format === undefined) throw new AgentError('installer-failed', 'RAUC names no format of the bundle');
      return format;
    },
    async install(bundle, signal) {
      await run(['install', bundle], 'installer-failed', { signal, seconds: timeoutSeconds });
    },
    async mark(as, slot) {
      await run(['status', `mark-${as}`, slot], 'activate-failed');
    },
  };
}
