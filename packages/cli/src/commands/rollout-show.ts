/** `rollout show`: a rollout with its gate and its history. */
import { RolloutView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command } from '../command.ts';
import { show } from '../print/say.ts';
import { localTime } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { rolloutArgument, rolloutMeant } from './rollout-meant.ts';
import {
  approvalWords,
  countWords,
  decisionWords,
  gateWords,
  paceWords,
  phaseWords,
  selfOfferWords,
  stateWords,
  totalWords,
  windowWords,
} from './rollout-words.ts';

export function rolloutShowCommand(terminal: Terminal): Command {
  return command('show', 'Show a rollout, its gate, and what was decided.', [
    'rollout show 0123456789abcdef0123456789abcdef',
  ])
    .addArgument(rolloutArgument())
    .action(async (given: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Common>();
      const api = await openSession(options, terminal);
      const rollout = await api.get(`/rollouts/${await rolloutMeant(api, given)}`, RolloutView);
      show(terminal, options, rollout, () => rolloutLines(rollout, terminal.now()));
    });
}

export function rolloutLines(rollout: RolloutView, now: Date): string[] {
  const { decisions, phaseCounts } = rollout;
  return [
    `rollout   ${rollout.id}  ${rollout.name}`,
    `state     ${stateWords(rollout, now)}, ${phaseWords(rollout)}`,
    `target    ${rollout.target} (counter ${rollout.counter}, ${rollout.class})`,
    `filter    ${rollout.filter ?? 'none: every device of the product and channel with fitting hardware'}`,
    ...(rollout.exclude === null ? [] : [`exclude   ${rollout.exclude}`]),
    `devices   ${countWords(rollout.counts)}`,
    ...totalWords(rollout.total),
    ...rollout.phases.flatMap((_, i) => {
      const counts = phaseCounts[i];
      return counts && counts.offered > 0 ? [`  ${phaseWords(rollout, i)}: ${countWords(counts)}`] : [];
    }),
    `created   ${localTime(rollout.createdAt)}${rollout.endedAt === null ? '' : `, ended ${localTime(rollout.endedAt)}`}${rollout.createdBy === null ? '' : `, by ${rollout.createdBy}`}`,
    ...approvalWords(rollout),
    ...selfOfferWords(rollout, now),
    ...paceWords(rollout.pace),
    ...windowWords(rollout.window),
    ...gateWords(rollout.gate),
    ...(decisions.length === 0 ? [] : ['', ...decisions.map(d => `${localTime(d.at)}  ${decisionWords(d)}`)]),
  ];
}
