/**
 * Runs an integrator's executable for one state: the state and the folder of its files as arguments, other rights where
 * they are configured. What it says goes to the log, cut; it is never interpreted but for the answers to questions.
 */
import { AgentError } from '../../agent-error.ts';
import type { Log } from '../../log.ts';
import { endingOf, runTool } from '../tool.ts';

export interface ModuleSettings {
  readonly executable: string;
  /** The working folder of the call, and its second argument. */
  readonly tree: string;
  readonly timeoutSeconds: (state: string) => number;
  /** Absent: as the agent. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  readonly log: Log;
}

export interface ModuleCall {
  /** Ends with 0, or is a refusal. @returns what it said, trimmed @throws AgentError installer-failed; not-now where the signal fired first */
  run(state: string, signal?: AbortSignal): Promise<string>;
  /** Begins a state; the caller awaits `ended`, with the same errors. */
  start(state: string, signal?: AbortSignal): { readonly ended: Promise<string> };
}

export function createModuleCall(settings: ModuleSettings): ModuleCall {
  const run = async (state: string, signal?: AbortSignal) => {
    const { executable: program, tree, runAs, log } = settings;
    const timeoutSeconds = settings.timeoutSeconds(state);
    const call = { program, args: [state, tree], cwd: tree, timeoutSeconds, signal, ...(runAs ? { runAs } : {}) };
    const ended = await runTool(call);
    log.info({ module: program, state, code: ended.code, said: ended.said }, 'module');
    if (ended.code !== 0) throw new AgentError('installer-failed', endingOf(call, ended));
    return ended.said;
  };
  const start = (state: string, signal?: AbortSignal) => {
    const ended = run(state, signal);
    // Whoever started it may still be busy when it fails; the failure is told to the one who awaits it.
    ended.catch(() => undefined);
    return { ended };
  };
  return { run, start };
}
