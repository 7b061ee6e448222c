/** `status`: every role's version, time and signatures, and what drafts wait for. Its exit code is for watchers. */
import type { Command } from 'commander';
import { SignerError } from '../signer-error.ts';
import type { Warning } from '../status/life.ts';
import { namesOf } from '../status/holder.ts';
import type { PendingDraft, RoleStatus } from '../status/status.ts';
import { type Common, command, openRepository, show } from './command.ts';
import { table } from './print.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Common {
  readonly pending?: boolean;
}

export function statusCommand(terminal: Terminal): Command {
  return command('status', 'Show roles, expiries, signatures, and what waits for whom.', [
    'status',
    'status --pending        # only the drafts: k of n, and who is missing',
    'status --json',
  ])
    .option('--pending', 'only drafts that wait for signatures')
    .addHelpText(
      'after',
      '\nExit code: 0 all is well; 3 signatures are missing; 4 a file is damaged; 5 something has expired; 9 a draft was overtaken.',
    )
    .action(async (_options: unknown, cmd: Command) => {
      const options = cmd.optsWithGlobals<Options>();
      const all = await (await openRepository(options, terminal)).status();
      const roles = options.pending === true ? all.filter(r => r.draft || r.fault) : all;
      show(terminal, options, roles, options.pending === true ? pendingLines(roles) : allLines(roles));
      complain(roles);
    });
}

function allLines(roles: readonly RoleStatus[]): string {
  const rows = roles.map(r => [
    r.role,
    r.version === undefined ? '-' : String(r.version),
    expiryWords(r),
    r.quorum ? `${r.quorum.signed.length} of ${r.quorum.threshold}: ${namesOf(r.quorum.signed) || 'nobody'}` : '-',
    r.targets === undefined ? '-' : String(r.targets),
    r.version === undefined ? 'not signed yet' : r.unpublished === true ? 'not published' : 'published',
  ]);
  const drafts = roles.some(r => r.draft || r.fault) ? `\n${pendingLines(roles)}` : '';
  return table(['ROLE', 'VERSION', 'EXPIRES', 'SIGNED BY', 'TARGETS', 'OUT'], rows) + drafts;
}

const WARNING_WORDS: Readonly<Record<Warning, string>> = {
  half: 'half its time is used',
  soon: 'RENEW SOON',
  now: 'RENEW NOW',
  expired: 'EXPIRED',
};

function expiryWords({ expires, daysLeft = 0, warning }: RoleStatus): string {
  if (expires === undefined) return '-';
  const left = warning === 'expired' ? '' : ` (${daysLeft} d left)`;
  return `${expires.slice(0, 10)}${left}${warning ? ` ${WARNING_WORDS[warning]}` : ''}`;
}

function pendingLines(roles: readonly RoleStatus[]): string {
  const lines = roles.flatMap(({ role, draft, fault }) => [
    ...(draft ? draftLines(role, draft) : []),
    ...(fault ? [`${role}: ${fault.message} [${fault.code}]`] : []),
  ]);
  return lines.length === 0 ? 'No draft waits for signatures.\n' : `${lines.join('\n')}\n`;
}

function draftLines(role: string, { version, expires, quorums, missing }: PendingDraft): string[] {
  const next =
    missing === 0
      ? `it has enough; "tidegate-signer assemble ${role}" completes it`
      : `${missing} more signature(s) wanted`;
  return [
    `Draft of ${role}, version ${version}, valid until ${expires.slice(0, 10)}: ${next}`,
    ...quorums.flatMap(q => [
      `  ${q.signed.length} of ${q.threshold} by the keys of ${q.of}` +
        (q.signed.length > 0 ? `; signed: ${namesOf(q.signed)}` : ''),
      ...(q.missing > 0 ? [`    any ${q.missing} of: ${namesOf(q.open)}`] : []),
    ]),
  ];
}

/** The worst that was seen, as the error that decides the exit code. */
function complain(roles: readonly RoleStatus[]): void {
  const damaged = roles.find(r => r.fault);
  if (damaged?.fault) throw new SignerError(damaged.fault.code, `${damaged.role}: ${damaged.fault.message}`);
  const expired = roles.filter(r => r.warning === 'expired').map(r => r.role);
  if (expired.length > 0) {
    throw new SignerError(
      'expired',
      `Expired: ${expired.join(', ')}. Devices install nothing new until it is renewed.`,
    );
  }
  const unsigned = roles.filter(lacksSignatures).map(r => r.role);
  if (unsigned.length > 0)
    throw new SignerError('threshold-not-met', `Signatures are missing: ${unsigned.join(', ')}.`);
}

/** A draft waits, or the list in force lacks signatures by those who may sign it now, as after a rotation. */
function lacksSignatures({ version, quorum, draft }: RoleStatus): boolean {
  return draft !== undefined || version === undefined || (quorum?.missing ?? 0) > 0;
}
