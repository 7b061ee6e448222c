/**
 * Runs an integrator's executable for one state, as a child with a group of its own: the state and the folder of its
 * files as arguments, a minimal environment, other rights where they are configured, a deadline that ends the whole
 * group. What it says goes to the log, cut; it is never interpreted but for the answers to questions.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { AgentError } from '../../agent-error.ts';
import { endGroup, lastWords } from '../../service/process-group.ts';

export interface ModuleSettings {
  readonly executable: string;
  /** The working folder of the call, and its second argument. */
  readonly tree: string;
  readonly timeoutSeconds: (state: string) => number;
  /** Absent: as the agent. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  readonly log: Logger;
}

export interface ModuleCall {
  /** Ends with 0, or is a refusal. @returns what it said, trimmed @throws AgentError installer-failed; not-now where the signal fired first */
  run(state: string, signal?: AbortSignal): Promise<string>;
  /** Begins a state; the caller awaits `ended`, with the same errors. */
  start(state: string, signal?: AbortSignal): { readonly ended: Promise<string> };
}

const SAID_CHARS_MAX = 4096;
const DETAIL_CHARS_MAX = 200;
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

export function createModuleCall(settings: ModuleSettings): ModuleCall {
  const start = (state: string, signal?: AbortSignal) => {
    const { executable, tree, runAs } = settings;
    const child = spawn(executable, [state, tree], {
      cwd: tree,
      env: ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...runAs,
    });
    const ended = end(child, state, settings, signal);
    // Whoever started it may still be busy when it fails; the failure is told to the one who awaits it.
    ended.catch(() => undefined);
    return { ended };
  };
  return { start, run: (state, signal) => start(state, signal).ended };
}

async function end(
  child: ChildProcess,
  state: string,
  settings: ModuleSettings,
  signal?: AbortSignal,
): Promise<string> {
  const { executable, log } = settings;
  const said = lastWords(child, SAID_CHARS_MAX);
  const timeoutSeconds = settings.timeoutSeconds(state);
  const late = AbortSignal.timeout(timeoutSeconds * 1000);
  const stop = AbortSignal.any([late, ...(signal ? [signal] : [])]);
  const kill = () => endGroup(child);
  stop.addEventListener('abort', kill, { once: true });
  const closed = once(child, 'close');
  closed.catch(() => undefined);
  try {
    if (stop.aborted) kill();
    const [code] = (await once(child, 'exit')) as [number | null];
    // Whatever it left behind ends with it: nothing may write when the next state runs.
    kill();
    await closed;
    log.info({ module: executable, state, code, said: said() }, 'module');
    if (signal?.aborted) throw new AgentError('not-now', `the agent stops during ${state}`);
    if (code === 0) return said();
    const how = late.aborted ? `did not end in ${timeoutSeconds} s` : `ended with ${code ?? 'a signal'}`;
    throw new AgentError('installer-failed', `${executable} ${state} ${how}: ${said().slice(-DETAIL_CHARS_MAX)}`);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const why = (error as Error).message;
    throw new AgentError('installer-failed', `${executable} cannot be run: ${why}`, { cause: error });
  } finally {
    stop.removeEventListener('abort', kill);
  }
}
