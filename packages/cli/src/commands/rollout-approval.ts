/** `rollout approve`, `rollout deny`: another person's word on what a rollout waits for. */
import { type RolloutApprovalRequest, RolloutView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { command, confirm } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { show, tell } from '../print/say.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { rolloutArgument, rolloutMeant } from './rollout-meant.ts';
import { rolloutLines } from './rollout-show.ts';
import { phaseWords, stateWords } from './rollout-words.ts';

interface Options extends Common {
  readonly reason?: string;
  readonly yes?: boolean;
}

const WORDS = [
  ['approve', 'Let a rollout begin, or its next phase open, that another person made.', 'Approve'],
  ['deny', 'Say no to it: it never begins, or is paused where it stands.', 'Deny'],
] as const;

export function rolloutApprovalCommands(terminal: Terminal): Command[] {
  return WORDS.map(([word, summary, question]) =>
    command(word, summary, [`rollout ${word} spring`, `rollout ${word} spring --reason 'seen on the bench' --yes`])
      .addArgument(rolloutArgument())
      .option('--reason <text>', 'why; it stands in the history')
      .option('--yes', 'do not ask')
      .action(async (given: string, _options: unknown, cmd: Command) => {
        const options = cmd.optsWithGlobals<Options>();
        const api = await openSession(options, terminal);
        const id = await rolloutMeant(api, given);
        const before = await api.get(`/rollouts/${id}`, RolloutView);
        if (before.approval === null) {
          const refusal = { server: 'rollout-state', exit: EXIT.conflict };
          throw new CliError(refusal, `${before.name} is ${before.state} and waits for no approval.`);
        }
        const { phase } = before.approval;
        if (options.json !== true) tell(terminal, ...rolloutLines(before, terminal.now()));
        await confirm(terminal, options.yes, `${question} ${phase === 0 ? 'its start' : phaseWords(before, phase)}?`);
        const request: RolloutApprovalRequest = {
          phase,
          ...(options.reason !== undefined && { reason: options.reason }),
        };
        const rollout = await api.post(`/rollouts/${id}/${word}`, request, RolloutView);
        show(terminal, options, rollout, () => [
          `${rollout.name} is ${stateWords(rollout, terminal.now())}, ${phaseWords(rollout)}.`,
        ]);
      }),
  );
}
