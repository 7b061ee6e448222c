/**
 * Runs a program of the image, as a child with a group of its own: a minimal environment, other rights where they are
 * configured, a deadline that ends the whole group. Whatever it leaves running ends with it.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { AgentError } from '../agent-error.ts';
import { spawn } from '../service/child-process.ts';
import { endGroup, lastWords } from '../service/process-group.ts';

export interface ToolCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly timeoutSeconds: number;
  readonly cwd?: string;
  /** Beside the minimal one. */
  readonly env?: Readonly<Record<string, string>>;
  /** Absent: as the agent. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  readonly signal?: AbortSignal | undefined;
}

/** How a program ended by itself, and the end of what it said. */
export interface ToolEnd {
  readonly code: number | null;
  /** Set where its deadline came first. */
  readonly late: boolean;
  /** On its standard output, cut to the last megabyte and trimmed. */
  readonly printed: string;
  /** On both outputs, cut to the last 4,096 characters and trimmed. */
  readonly said: string;
}

const PRINTED_CHARS_MAX = 1024 * 1024;
const SAID_CHARS_MAX = 4096;
const DETAIL_CHARS_MAX = 400;
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** @throws AgentError installer-failed where it cannot be run; not-now where the signal fired first */
export async function runTool(call: ToolCall): Promise<ToolEnd> {
  try {
    return await end(begin(call), call);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const why = (error as Error).message;
    throw new AgentError('installer-failed', `${call.program} cannot be run: ${why}`, { cause: error });
  }
}

/** For a refusal: how it ended, with its last words. */
export function endingOf({ program, args, timeoutSeconds }: ToolCall, { code, late, said }: ToolEnd): string {
  const how = late ? `did not end in ${timeoutSeconds} s` : `ended with ${code ?? 'a signal'}`;
  const what = args[0] === undefined || args[0].startsWith('-') ? program : `${program} ${args[0]}`;
  return `${what} ${how}: ${said.slice(-DETAIL_CHARS_MAX)}`;
}

function begin({ program, args, cwd, env, runAs }: ToolCall): ChildProcess {
  return spawn(program, args, {
    env: { ...ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
    ...runAs,
  });
}

async function end(child: ChildProcess, { timeoutSeconds, signal, program }: ToolCall): Promise<ToolEnd> {
  const said = lastWords(child, SAID_CHARS_MAX);
  const printed = lastWords({ stdout: child.stdout, stderr: null }, PRINTED_CHARS_MAX);
  const late = AbortSignal.timeout(timeoutSeconds * 1000);
  const stop = AbortSignal.any([late, ...(signal ? [signal] : [])]);
  const kill = () => endGroup(child);
  stop.addEventListener('abort', kill, { once: true });
  const closed = once(child, 'close');
  closed.catch(() => undefined);
  try {
    if (stop.aborted) kill();
    const [code] = (await once(child, 'exit')) as [number | null];
    // Whatever it left behind ends with it: nothing may write when the next program runs.
    kill();
    await closed;
    if (signal?.aborted) throw new AgentError('not-now', `the agent stops while ${program} runs`);
    return { code, late: late.aborted, printed: printed(), said: said() };
  } finally {
    stop.removeEventListener('abort', kill);
  }
}
