/** Lists that will soon hold no more: devices read so many bytes and targets, and not one more. */
import { LIMITS } from '@tidegate/protocol';
import { isTargets } from '../tuf/metadata.ts';
import { kindOf, maxBytesOf } from '../tuf/role.ts';
import type { Finding } from './finding.ts';
import { type LintedList, type LintedSet } from './linted-set.ts';

const NEARLY = 0.9;
const REMEDY = 'Withdraw releases that no device needs any more, or give the product a channel of its own.';

export function sizeFindings(set: LintedSet): Finding[] {
  return set.lists.flatMap(list => [
    ...tooLarge(list),
    ...nearly(list, list.bytes.length, maxBytesOf(kindOf(list.role)), 'bytes'),
    ...(isTargets(list.signed)
      ? [
          ...nearly(list, Object.keys(list.signed.targets).length, LIMITS.targetsPerRole, 'targets'),
          ...nearly(list, list.signed.delegations?.roles.length ?? 0, LIMITS.rolesPerSnapshot, 'roles'),
        ]
      : []),
  ]);
}

function tooLarge({ role, file, bytes }: LintedList): Finding[] {
  const most = maxBytesOf(kindOf(role));
  if (bytes.length <= most) return [];
  const message = `${file} has ${bytes.length} bytes; devices read at most ${most}.`;
  return [{ code: 'metadata-too-large', severity: 'error', role, message, remedy: REMEDY }];
}

function nearly({ role, file }: LintedList, count: number, most: number, what: string): Finding[] {
  if (count <= most * NEARLY || count > most) return [];
  const message = `${file} has ${count} ${what} of ${most}: no more will fit in soon.`;
  return [{ code: 'nearly-full', severity: 'warning', role, message, remedy: REMEDY }];
}
