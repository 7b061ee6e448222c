/** `product policy`: what holds for every rollout of a product, shown or changed. */
import {
  APPROVALS,
  type Approval,
  DEFAULT_GATE,
  type ProductPolicyRequest,
  ProductPolicyView,
} from '@tidegate/protocol';
import { type Command, Option } from 'commander';
import { command, name } from '../command.ts';
import { show } from '../print/say.ts';
import { localTime } from '../print/when.ts';
import { type Common, openSession } from '../settings/session.ts';
import type { Terminal } from '../terminal.ts';
import { type GateOptions, gateOf, given, type PaceOptions, paceOf, withGate, withPace } from './gate-options.ts';
import { gateWords, paceWords } from './rollout-words.ts';

interface Options extends Common, GateOptions, PaceOptions {
  readonly approval?: Approval;
  readonly reset?: boolean;
}

export function productPolicyCommand(terminal: Terminal): Command {
  const bare = command('policy', 'Show what holds for every rollout of a product, or change it (admins).', [
    'product policy gw2',
    'product policy gw2 --approval start --soak 2d --min-verified 20',
    'product policy gw2 --reset',
  ])
    .argument('<product>', 'its name', name)
    .addOption(new Option('--approval <what>', 'what another person must approve').choices([...APPROVALS]));
  return withGate(withPace(bare))
    .option('--reset', 'begin with an empty policy')
    .addHelpText(
      'after',
      '\nIt holds for rollouts that are made from now on; where one gives a number, that one holds.',
    )
    .action(async (product: string, _options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const api = await openSession(options, terminal);
      const path = `/products/${product}/policy`;
      const change = changeOf(options);
      const answer = await (Object.keys(change).length === 0
        ? api.get(path, ProductPolicyView)
        : api.post(path, change, ProductPolicyView));
      show(terminal, options, answer, () => policyLines(answer));
    });
}

function changeOf(options: Options): ProductPolicyRequest {
  const [gate, pace] = [gateOf(options), paceOf(options)];
  return {
    ...(Object.keys(gate).length > 0 && { gate }),
    ...(Object.keys(pace).length > 0 && { pace }),
    ...given<ProductPolicyRequest>({ approval: options.approval, reset: options.reset }),
  };
}

const APPROVAL_WORDS: Readonly<Record<Approval, string>> = {
  none: 'nobody need approve',
  start: 'another person approves before a rollout begins',
  'each-phase': 'another person approves before each phase opens',
};

function policyLines({ product, policy, changedAt, changedBy }: ProductPolicyView): string[] {
  return [
    `product   ${product}`,
    `approval  ${APPROVAL_WORDS[policy.approval ?? 'none']}`,
    ...paceWords(policy.pace ?? {}),
    ...gateWords({ ...DEFAULT_GATE, ...policy.gate }),
    changedAt === null ? 'It was never changed.' : `changed   ${localTime(changedAt)} by ${changedBy}`,
  ];
}
