/** A product's policy. Reading is for every operator; changing it is for admins, or whoever it binds could lift it. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { Name, ProductPolicyRequest, ProductPolicyView } from '@tidegate/protocol';
import { productExists } from '../admin/fleet-store.ts';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { changePolicy, findPolicy, type PolicyRow } from './policy-store.ts';
import { refuseShortSoak, wholeGate } from './gate-plan.ts';

const Params = Type.Object({ product: Name });

/** `GET`, `POST /products/:product/policy`. */
export function policyRoutes({ db, clock, log }: Deps): FastifyPluginAsyncTypebox {
  return async app => {
    const read = {
      operationId: 'getProductPolicy',
      summary: 'What holds for every rollout of a product',
      tags: ['rollouts'],
      problems: ['not-found'] as const,
      params: Params,
      response: { 200: ProductPolicyView },
    };
    app.get('/products/:product/policy', { schema: read }, async request => {
      const { product } = request.params;
      if (!(await productExists(db, product))) throw unknown(product);
      return view(product, await findPolicy(db, product));
    });

    const write = {
      operationId: 'changeProductPolicy',
      summary: 'Change what is given; it holds for rollouts that are made from now on',
      tags: ['rollouts'],
      problems: ['not-found', 'gate-impossible', 'soak-too-short'] as const,
      params: Params,
      body: ProductPolicyRequest,
      response: { 200: ProductPolicyView },
    };
    app.post('/products/:product/policy', { schema: write }, async request => {
      const { product } = request.params;
      const row = await changePolicy(db, product, request.body, {
        by: request.operator.name,
        now: clock.now(),
        check: ({ gate }) => refuseShortSoak(wholeGate(gate ?? {})),
      });
      if (!row) throw unknown(product);
      log.warn({ product, operator: request.operator.id, policy: row.policy }, 'a product policy was changed');
      return view(product, row);
    });
  };
}

function unknown(product: string): ServerError {
  return new ServerError('not-found', `there is no product ${product}`);
}

function view(product: string, row: PolicyRow | undefined): ProductPolicyView {
  return {
    product,
    policy: row?.policy ?? {},
    changedAt: row?.changed_at.toISOString() ?? null,
    changedBy: row?.changed_by ?? null,
  };
}
