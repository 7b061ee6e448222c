/** `rollout retry`: one more attempt for devices that did not make it. */
import { RolloutRetryAnswer } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command, hex32List } from '../command.ts';
import { show } from '../print/say.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { rolloutArgument, rolloutMeant } from './rollout-meant.ts';

interface Options extends Common {
  readonly device?: readonly string[];
}

export function rolloutRetryCommand(terminal: Terminal): Command {
  return command('retry', 'Give devices that ended otherwise than verified one more attempt (five at most).', [
    'rollout retry 0123456789abcdef0123456789abcdef',
    'rollout retry 0123456789abcdef0123456789abcdef --device fedcba9876543210fedcba9876543210',
  ])
    .addArgument(rolloutArgument())
    .option('--device <ids>', 'only these; repeat or separate by commas', hex32List)
    .addHelpText('after', '\nA rollout that was halted or stopped runs again by it.')
    .action(async (given: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      const id = await rolloutMeant(api, given);
      const answer = await api.post(`/rollouts/${id}/retry`, { devices: options.device }, RolloutRetryAnswer);
      const { rollout, retried, exhausted } = answer;
      show(terminal, options, answer, () => [
        `${retried === 1 ? '1 device gets' : `${retried} devices get`} another attempt; ${rollout.name} is ${rollout.state}.`,
        ...(exhausted > 0 ? [`${exhausted} have had all the attempts that a device accepts.`] : []),
      ]);
    });
}
