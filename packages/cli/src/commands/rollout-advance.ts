/** `rollout advance`: the next phase opened by hand, before the gate would. */
import { type RolloutAdvanceRequest, RolloutView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { command, confirm } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { show, tell } from '../print/say.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { rolloutArgument, rolloutMeant } from './rollout-meant.ts';
import { countWords, phaseWords, stateWords } from './rollout-words.ts';

interface Options extends Common {
  readonly reason: string;
  readonly yes?: boolean;
}

export function rolloutAdvanceCommand(terminal: Terminal): Command {
  return command('advance', 'Open the next phase without waiting for the gate, which goes on watching.', [
    "rollout advance spring --reason 'the pilot sites asked for it'",
    "rollout advance spring --reason 'soaked over the weekend' --yes",
  ])
    .addArgument(rolloutArgument())
    .requiredOption('--reason <text>', 'why; it stands in the history')
    .option('--yes', 'do not ask')
    .action(async (given: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      const id = await rolloutMeant(api, given);
      const before = await api.get(`/rollouts/${id}`, RolloutView);
      const phase = before.openPhase + 1;
      if (phase >= before.phases.length) {
        const refusal = { server: 'rollout-state', exit: EXIT.conflict };
        throw new CliError(refusal, `The last phase of ${before.name} is open already.`);
      }
      if (options.json !== true) {
        tell(terminal, `${phaseWords(before)}: ${countWords(before.phaseCounts[before.openPhase] ?? before.counts)}`);
      }
      await confirm(terminal, options.yes, `Open ${phaseWords(before, phase)}?`);
      const request: RolloutAdvanceRequest = { phase, reason: options.reason };
      const rollout = await api.post(`/rollouts/${id}/advance`, request, RolloutView);
      show(terminal, options, rollout, () => [
        `${rollout.name} is ${stateWords(rollout, terminal.now())}, ${phaseWords(rollout)}.`,
      ]);
    });
}
