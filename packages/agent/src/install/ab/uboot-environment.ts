/**
 * U-Boot's environment, by its own tools: `fw_printenv` and `fw_setenv -s`, which write all variables of a script in one
 * copy and then count that one as the newer. With two copies in `fw_env.config` a power cut loses nothing.
 */
import { AgentError } from '../../agent-error.ts';
import type { DurableFiles } from '../../durable/durable-files.ts';
import { execute } from '../../service/child-process.ts';
import type { BootEnvironment, BootVariables } from './boot-environment.ts';

const LIMITS = { timeout: 60_000, maxBuffer: 1024 * 1024, killSignal: 'SIGKILL' } as const;

/** @param scriptFile where the variables to set are handed over */
export function ubootEnvironment(config: string, scriptFile: string, files: DurableFiles): BootEnvironment {
  return {
    async read() {
      return parse(await run('fw_printenv', ['-c', config]));
    },
    async write(variables) {
      const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
      await files.write(scriptFile, lines.join(''));
      await run('fw_setenv', ['-c', config, '-s', scriptFile]);
      await files.remove(scriptFile);
    },
  };
}

async function run(tool: string, args: readonly string[]): Promise<string> {
  try {
    return (await execute(tool, args, LIMITS)).stdout;
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().slice(-200) ?? '';
    throw new AgentError('activate-failed', `${tool}: ${(error as Error).message} ${said}`, { cause: error });
  }
}

function parse(printed: string): BootVariables {
  const pairs = printed.split('\n').flatMap(line => {
    const at = line.indexOf('=');
    return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
  });
  return Object.fromEntries(pairs);
}
