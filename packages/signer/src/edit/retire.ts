/**
 * The end of a product's life: its lists are signed once more, for years, so that a device that is reset still reaches the
 * last release when nobody signs any longer.
 */
import { holdRole, RETIRED_FIELD } from '@tidegate/protocol';
import { daysUntil } from '../clock.ts';
import { promisedBy } from '../policy/support-policy.ts';
import { SignerError } from '../signer-error.ts';
import { draft, newestTargets, writeDraft } from '../store/store.ts';
import { parseTargets } from '../tuf/parse.ts';
import { channelsOf } from './listed.ts';
import { type Editing, nextTargets, unsigned } from './next-list.ts';
import { DAYS_MAX, expiryIn, renew, type RenewResult } from './renew.ts';

export interface RetireRequest {
  readonly product: string;
  /** How long the last lists are valid: ten years unless set. */
  readonly days?: number | undefined;
  /** The last product of the repository: root and the list of delegations are drafted for as long. */
  readonly all?: boolean | undefined;
}

/** What is left of a list that was signed for so long, before it is signed anew. */
const STILL_LONG = 0.9;

/**
 * @returns the drafts that wait for signatures; none for a list that is in force for about as long already
 * @throws SignerError `role-unknown`, `support-shortened`, `expiry-invalid`
 */
export async function retire(editing: Editing, request: RetireRequest): Promise<RenewResult[]> {
  const { store, now } = editing;
  const { product, days = DAYS_MAX } = request;
  const expires = expiryIn(editing, days);
  const channels = await channelsOf(store, product);
  if (channels.length === 0) throw new SignerError('role-unknown', `There is no channel of ${product}.`);
  const today = now().toISOString().slice(0, 10);
  for (const role of channels) {
    const promised = promisedBy(await newestTargets(store, role));
    if (promised && promised.supportEnds >= today) {
      throw new SignerError(
        'support-shortened',
        `${role} promises support until ${promised.supportEnds}. A product is retired after that day.`,
      );
    }
  }
  const holds = holdRole(product);
  const drafts: RenewResult[] = [];
  for (const role of [...channels, ...((await newestTargets(store, holds)) ? [holds] : [])]) {
    const listed = await newestTargets(store, role);
    const lasts = listed && daysUntil(listed.expires, now()) >= days * STILL_LONG;
    if (lasts && (role === holds || listed[RETIRED_FIELD] === true) && !(await draft(store, role, parseTargets)))
      continue;
    const next = { ...(await nextTargets(editing, role)), expires };
    await writeDraft(store, role, unsigned(role === holds ? next : { ...next, [RETIRED_FIELD]: true }));
    drafts.push({ role, version: next.version, expires });
  }
  if (request.all !== true) return drafts;
  return [...drafts, await renew(editing, 'targets', { days }), await renew(editing, 'root', { days })];
}
