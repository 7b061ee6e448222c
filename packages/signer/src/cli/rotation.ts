/** What `rotate-online` and `revoke` have in common: the plan is shown, then confirmed, then written as drafts. */
import { Command } from 'commander';
import { wordsOf } from '../diff/words.ts';
import type { Repository } from '../repository.ts';
import type { RotationPlan } from '../rotation/plan.ts';
import { namesOf } from '../status/holder.ts';
import { type Common, show } from './command.ts';
import { mustConfirm } from './confirm.ts';
import { knownKeys } from './known-keys.ts';
import type { Terminal } from './terminal.ts';

export interface RotationOptions extends Common {
  readonly yes?: boolean;
}

export function withConfirmation(cmd: Command): Command {
  return cmd.option('--yes', 'make the drafts without asking; needed where nobody can be asked');
}

/** @param rotate plans, and writes where told to @throws SignerError `confirmation-missing` */
export async function guide(
  terminal: Terminal,
  options: RotationOptions,
  rotate: (how: { write: boolean }) => ReturnType<Repository['revoke']>,
): Promise<void> {
  const plan = await rotate({ write: false });
  const words = wordsOfPlan(plan, { keys: await knownKeys(options), now: terminal.now() });
  show(terminal, options, { ...plan, words }, planText(plan, words));
  if (plan.drafts.length === 0) return;
  if (options.yes !== true) await mustConfirm(terminal, 'Make these drafts?');
  await rotate({ write: true });
  if (options.json !== true) terminal.out('The drafts are made. Nothing has changed for devices yet.\n');
}

type Words = Readonly<Record<string, readonly string[]>>;

function wordsOfPlan({ drafts }: RotationPlan, wording: Parameters<typeof wordsOf>[1]): Words {
  return Object.fromEntries(drafts.map(d => [d.role, wordsOf(d.changes, wording)]));
}

function planText({ drafts, steps, inTheField }: RotationPlan, words: Words): string {
  if (drafts.length === 0)
    return 'All of this stands in drafts already, which wait for signatures: see status --pending.\n';
  return [
    ...drafts.flatMap(({ role, version, quorums }) => [
      `${role} version ${version}`,
      ...(words[role] ?? []).map(line => `  ${line}`),
      ...quorums.map(q => `  ${q.threshold} must sign by the keys of ${q.of}: ${namesOf(q.open)}`),
    ]),
    '',
    'What is to be done:',
    ...steps.map((step, i) => `  ${i + 1}. ${step}`),
    '',
    'What happens in the field:',
    ...inTheField.map(line => `  ${line}`),
    '',
  ].join('\n');
}
