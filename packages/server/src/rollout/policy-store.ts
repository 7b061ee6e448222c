/** What holds for every rollout of a product, as it was last set and by whom. */
import type { ProductPolicy, ProductPolicyRequest } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { ProductPoliciesTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';
import { mergedGate } from './gate-plan.ts';

export type PolicyRow = Selectable<ProductPoliciesTable>;

/** Undefined: it was never set. */
export function findPolicy(db: Db, product: string): Promise<PolicyRow | undefined> {
  return db.selectFrom('product_policies').selectAll().where('product', '=', product).executeTakeFirst();
}

/**
 * Changes what is given, number by number, under the product's lock: of two changes at once none is lost.
 * @param check throws where the whole makes no sense @returns undefined where there is no such product
 */
export function changePolicy(
  db: Db,
  product: string,
  asked: ProductPolicyRequest,
  act: { readonly by: string; readonly now: Date; readonly check: (policy: ProductPolicy) => void },
): Promise<PolicyRow | undefined> {
  return db.transaction().execute(async tx => {
    const known = await tx
      .selectFrom('products')
      .select('name')
      .where('name', '=', product)
      .forUpdate()
      .executeTakeFirst();
    if (!known) return undefined;
    const policy = changed((await findPolicy(tx, product))?.policy ?? {}, asked);
    act.check(policy);
    const row = { policy: JSON.stringify(policy), changed_at: act.now, changed_by: act.by };
    return tx
      .insertInto('product_policies')
      .values({ product, ...row })
      .onConflict(c => c.column('product').doUpdateSet(row))
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

function changed(before: ProductPolicy, { reset, ...asked }: ProductPolicyRequest): ProductPolicy {
  const base = reset === true ? {} : before;
  const gate = mergedGate(base.gate ?? {}, asked.gate ?? {});
  const pace = { ...base.pace, ...asked.pace };
  return {
    ...base,
    ...asked,
    ...(Object.keys(gate).length > 0 && { gate }),
    ...(Object.keys(pace).length > 0 && { pace }),
  };
}
