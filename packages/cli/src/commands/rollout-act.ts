/** `rollout pause`, `resume`, `stop`. */
import { RolloutView } from '@tidegate/protocol';
import type { Command } from 'commander';
import { command } from '../command.ts';
import { show } from '../print/say.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { rolloutArgument, rolloutMeant } from './rollout-meant.ts';
import { phaseWords, selfOfferWords, stateWords } from './rollout-words.ts';

const ACTS = [
  ['pause', 'Let nobody begin any more; devices at work go on.'],
  ['resume', 'Let a rollout that was paused or stopped go on where it was.'],
  [
    'stop',
    'Stop a rollout: devices at work stop too, unless they have begun to activate. Takes effect within about a second.',
  ],
] as const;

export function rolloutActCommands(terminal: Terminal): Command[] {
  return ACTS.map(([act, summary]) =>
    command(act, summary, [`rollout ${act} 0123456789abcdef0123456789abcdef`, `rollout ${act} spring`])
      .addArgument(rolloutArgument())
      .action(async (given: string, _options: unknown, cmd: Command) => {
        const options = cmd.optsWithGlobals<Common>();
        const api = await openSession(options, terminal);
        const id = await rolloutMeant(api, given);
        const rollout = await api.post(`/rollouts/${id}/${act}`, undefined, RolloutView);
        show(terminal, options, rollout, () => [
          `${rollout.name} is ${stateWords(rollout, terminal.now())}, ${phaseWords(rollout)}.`,
          ...selfOfferWords(rollout, terminal.now()),
        ]);
      }),
  );
}
