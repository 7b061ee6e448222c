/**
 * A command of the image that judges new software, for what no health address can be asked: it runs in the slot's folder
 * and says by its exit code whether the software works. Bounded in time; its whole group ends with it.
 */
import { once } from 'node:events';
import { AgentError } from '../agent-error.ts';
import { spawn } from './child-process.ts';
import { endGroup, lastWords } from './process-group.ts';

export interface CheckSettings {
  readonly command: readonly [string, ...string[]];
  readonly timeoutSeconds: number;
}

const SAID_CHARS_MAX = 200;

/** @throws AgentError health-failed (it says no, or cannot be run), trial-timeout; not-now where the signal fired first */
export async function proveByCheck(settings: CheckSettings, folder: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new AgentError('not-now', 'the agent stops during the trial');
  const [program, ...args] = settings.command;
  const child = spawn(program, args, {
    cwd: folder,
    // Only what is configured: the agent's own environment is nobody's business.
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const said = lastWords(child, SAID_CHARS_MAX);
  const late = AbortSignal.timeout(settings.timeoutSeconds * 1000);
  const end = () => endGroup(child);
  for (const s of [late, signal]) s.addEventListener('abort', end, { once: true });
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code === 0) return;
    if (signal.aborted) throw new AgentError('not-now', 'the agent stops during the trial');
    if (late.aborted) throw new AgentError('trial-timeout', `${program} did not end in ${settings.timeoutSeconds} s`);
    throw new AgentError('health-failed', `${program} ended with ${code ?? 'a signal'}: ${said()}`);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw new AgentError('health-failed', `${program} cannot be run: ${(error as Error).message}`, { cause: error });
  } finally {
    signal.removeEventListener('abort', end);
    late.removeEventListener('abort', end);
    // Whatever it left behind holds neither the slot nor the agent.
    end();
  }
}
