/** The admin API's rollouts, read, made and previewed. Reading is for every operator, making for `operator` and above. */
import { randomBytes } from 'node:crypto';
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { Hex32, Name, page, ROLLOUT_STATES, RolloutPreview, RolloutRequest, RolloutView } from '@tidegate/protocol';
import type { Db, Deps } from '../deps.ts';
import type { Board } from './board.ts';
import { findPolicy } from './policy-store.ts';
import { planRollout, type RolloutPlan } from './rollout-plan.ts';
import { previewRollout } from './rollout-preview.ts';
import { createRollout, findRelease, findRollout, listRollouts } from './rollout-store.ts';
import { rolloutView, rolloutViews } from './rollout-view.ts';

export interface RolloutDeps extends Deps {
  readonly board: Pick<Board, 'confirm'>;
}

const PAGE_DEFAULT = 50;
const PAGE_MAX = 200;

const Params = Type.Object({ id: Hex32 });
const Query = Type.Object(
  {
    product: Type.Optional(Name),
    state: Type.Optional(Type.Enum([...ROLLOUT_STATES])),
    /** `next` of the page before. */
    after: Type.Optional(Hex32),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX })),
  },
  { additionalProperties: false },
);

/** `GET /rollouts`, `GET /rollouts/:id`. */
export function rolloutReadRoutes({ db }: Deps): FastifyPluginAsyncTypebox {
  return async app => {
    const listSchema = {
      operationId: 'listRollouts',
      summary: 'Rollouts, newest first',
      tags: ['rollouts'],
      querystring: Query,
      response: { 200: page(RolloutView) },
    };
    app.get('/rollouts', { schema: listSchema }, async request => {
      const { product, state, after, limit = PAGE_DEFAULT } = request.query;
      const rows = await listRollouts(db, {
        ...(product !== undefined && { product }),
        ...(state !== undefined && { state }),
        ...(after !== undefined && { before: after }),
        limit: limit + 1,
      });
      const items = await rolloutViews(db, rows.slice(0, limit));
      return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    });

    const oneSchema = {
      operationId: 'getRollout',
      summary: 'A rollout, with its counts and decisions',
      tags: ['rollouts'],
      problems: ['not-found'] as const,
      params: Params,
      response: { 200: RolloutView },
    };
    app.get('/rollouts/:id', { schema: oneSchema }, async request =>
      rolloutView(db, await findRollout(db, request.params.id)),
    );
  };
}

/** `POST /rollouts` (201); `POST /rollouts/preview`. */
export function rolloutCreateRoutes({ db, clock, log, board }: RolloutDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/rollouts',
      {
        schema: {
          operationId: 'createRollout',
          summary: 'Bring a published release to a part of the fleet',
          tags: ['rollouts'],
          problems: [
            'release-unknown',
            'phases-not-growing',
            'gate-impossible',
            'soak-too-short',
            'filter-invalid',
            'rollout-conflict',
          ],
          body: RolloutRequest,
          response: { 201: RolloutView },
        },
      },
      async (request, reply) => {
        const now = clock.now();
        const plan = await planOf(db, request.body, now);
        const row = await createRollout(db, randomHex(), plan, now, request.operator);
        log.info({ rolloutId: row.id, target: row.target, operator: request.operator.id }, 'a rollout was created');
        await board.confirm();
        return reply.code(201).send(await rolloutView(db, row));
      },
    );

    app.post(
      '/rollouts/preview',
      {
        schema: {
          operationId: 'previewRollout',
          summary: 'What a rollout would do: devices, a sample of them, and other rollouts in its way; nothing is done',
          tags: ['rollouts'],
          problems: ['release-unknown', 'phases-not-growing', 'gate-impossible', 'soak-too-short', 'filter-invalid'],
          body: RolloutRequest,
          response: { 200: RolloutPreview },
        },
      },
      async request => {
        const now = clock.now();
        return previewRollout(db, await planOf(db, request.body, now), now);
      },
    );
  };
}

async function planOf(db: Db, request: RolloutRequest, now: Date): Promise<RolloutPlan> {
  const release = await findRelease(db, request.target);
  const policy = release && (await findPolicy(db, release.product))?.policy;
  return planRollout(request, release, { salt: randomHex(), now, policy });
}

function randomHex(): string {
  return randomBytes(16).toString('hex');
}
