/** The thresholds that a list must meet, with the names of those who have signed and of those who could. Pure. */
import type { SignatureQuorum } from '@tidegate/protocol';
import type { Candidate } from '../../edit/candidate.ts';
import { type Holder, quorumOf } from '../../status/holder.ts';

export function quorumsOf({
  rules,
  envelope,
  context,
}: Pick<Candidate, 'rules' | 'envelope' | 'context'>): SignatureQuorum[] {
  return rules
    .filter(rule => rule.binding)
    .map(rule => {
      const { threshold, signed, open, missing } = quorumOf(rule, envelope, context.keys);
      return { threshold, signed: signed.map(shown), open: open.map(shown), missing };
    });
}

function shown({ keyid, name, kind }: Holder) {
  return { keyid, name, kind: kind ?? null };
}
