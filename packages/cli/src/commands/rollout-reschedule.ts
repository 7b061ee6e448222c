/** `rollout reschedule`: another start for a rollout that has not begun. */
import { RolloutView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command } from '../command.ts';
import { show } from '../print/say.ts';
import { instant } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { rolloutArgument, rolloutMeant } from './rollout-meant.ts';
import { phaseWords, stateWords } from './rollout-words.ts';

export function rolloutRescheduleCommand(terminal: Terminal): Command {
  return command('reschedule', 'Move the start of a rollout that has not begun; `rollout stop` cancels it.', [
    'rollout reschedule spring "2026-12-01 02:00"',
    'rollout reschedule spring 2d',
    'rollout reschedule spring 0s',
  ])
    .addArgument(rolloutArgument())
    .argument('<time>', 'when it begins: a time, or a span from now; 0s is now', text =>
      instant(text, terminal.now(), 'future'),
    )
    .action(async (given: string, notBefore: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const api = await openSession(options, terminal);
      const id = await rolloutMeant(api, given);
      const rollout = await api.post(`/rollouts/${id}/reschedule`, { notBefore }, RolloutView);
      show(terminal, options, rollout, () => [
        `${rollout.name} is ${stateWords(rollout, terminal.now())}, ${phaseWords(rollout)}.`,
      ]);
    });
}
