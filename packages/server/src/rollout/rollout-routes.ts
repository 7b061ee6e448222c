/** The admin API's rollouts. Reading is for every operator; changing them is for `operator` and above. */
import { randomBytes } from 'node:crypto';
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import {
  Hex32,
  Name,
  page,
  type ProblemCode,
  ROLLOUT_STATES,
  RolloutAdvanceRequest,
  RolloutApprovalRequest,
  RolloutPreview,
  RolloutRequest,
  RolloutRescheduleRequest,
  RolloutRetryAnswer,
  RolloutRetryRequest,
  RolloutView,
} from '@tidegate/protocol';
import type { FastifyRequest } from 'fastify';
import type { Db, Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import type { Board } from './board.ts';
import { findPolicy } from './policy-store.ts';
import { approveRollout, denyRollout } from './rollout-approval.ts';
import { planRollout, type RolloutPlan, startTime } from './rollout-plan.ts';
import {
  type Act,
  advanceRollout,
  pauseRollout,
  rescheduleRollout,
  resumeRollout,
  stopRollout,
} from './rollout-control.ts';
import { retryRollout } from './rollout-retry.ts';
import { previewRollout } from './rollout-preview.ts';
import { createRollout, findRelease, findRollout, listRollouts, type RolloutRow } from './rollout-store.ts';
import { rolloutViews } from './rollout-view.ts';

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

interface NamedAct {
  readonly act: typeof pauseRollout;
  readonly summary: string;
  readonly problems: readonly ProblemCode[];
}

const REOPENING = ['not-found', 'rollout-state', 'rollout-conflict', 'release-unknown'] as const;
const ACTS: Readonly<Record<string, NamedAct>> = {
  pause: {
    act: pauseRollout,
    summary: 'Let nobody begin; devices at work go on',
    problems: ['not-found', 'rollout-state'],
  },
  resume: { act: resumeRollout, summary: 'Go on where it was paused or stopped', problems: REOPENING },
  stop: { act: stopRollout, summary: 'Stop devices at work too', problems: ['not-found'] },
};

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
      viewOf(db, await findRollout(db, request.params.id)),
    );
  };
}

/** `POST /rollouts` (201); `POST /rollouts/preview`; `POST /rollouts/:id/{pause,resume,stop,retry,reschedule,advance}` (200, as often as one likes). */
export function rolloutWriteRoutes({ db, clock, log, board }: RolloutDeps): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/rollouts',
      {
        schema: {
          operationId: 'createRollout',
          summary: 'Bring a published release to a part of the fleet',
          tags: ['rollouts'],
          problems: ['release-unknown', 'phases-not-growing', 'gate-impossible', 'filter-invalid', 'rollout-conflict'],
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
        return reply.code(201).send(await viewOf(db, row));
      },
    );

    app.post(
      '/rollouts/preview',
      {
        schema: {
          operationId: 'previewRollout',
          summary: 'What a rollout would do: devices, a sample of them, and other rollouts in its way; nothing is done',
          tags: ['rollouts'],
          problems: ['release-unknown', 'phases-not-growing', 'gate-impossible', 'filter-invalid'],
          body: RolloutRequest,
          response: { 200: RolloutPreview },
        },
      },
      async request => {
        const now = clock.now();
        return previewRollout(db, await planOf(db, request.body, now), now);
      },
    );

    for (const [name, { act, summary, problems }] of Object.entries(ACTS)) {
      const operationId = `${name}Rollout`;
      const response = { 200: RolloutView };
      const schema = { operationId, summary, tags: ['rollouts'], problems, params: Params, response };
      app.post(`/rollouts/:id/${name}`, { schema }, async request => {
        const row = await act(db, request.params.id, actOf(request));
        log.info({ rolloutId: request.params.id, operator: request.operator.id, act: name }, 'an operator acted');
        await board.confirm();
        return viewOf(db, row);
      });
    }

    app.post(
      '/rollouts/:id/retry',
      {
        schema: {
          operationId: 'retryRollout',
          summary: 'One more attempt for devices that ended otherwise than verified',
          tags: ['rollouts'],
          problems: REOPENING,
          params: Params,
          body: RolloutRetryRequest,
          response: { 200: RolloutRetryAnswer },
        },
      },
      async request => {
        const { id } = request.params;
        const answer = await retryRollout(db, id, request.body.devices, actOf(request));
        const { retried = 0, exhausted = 0 } = answer ?? {};
        log.info({ rolloutId: id, operator: request.operator.id, retried, exhausted }, 'a rollout was retried');
        await board.confirm();
        return { rollout: await viewOf(db, answer?.row), retried, exhausted };
      },
    );

    app.post(
      '/rollouts/:id/reschedule',
      {
        schema: {
          operationId: 'rescheduleRollout',
          summary: 'Another start for a rollout that has not begun',
          tags: ['rollouts'],
          problems: ['not-found', 'rollout-state'],
          params: Params,
          body: RolloutRescheduleRequest,
          response: { 200: RolloutView },
        },
      },
      async request => {
        const act = actOf(request);
        const notBefore = startTime(request.body.notBefore, act.now);
        const row = await rescheduleRollout(db, request.params.id, notBefore, act);
        log.info({ rolloutId: request.params.id, operator: request.operator.id, notBefore }, 'a start was moved');
        await board.confirm();
        return viewOf(db, row);
      },
    );

    app.post(
      '/rollouts/:id/advance',
      {
        schema: {
          operationId: 'advanceRollout',
          summary: 'Open the next phase before the gate would',
          tags: ['rollouts'],
          problems: ['not-found', 'rollout-state'],
          params: Params,
          body: RolloutAdvanceRequest,
          response: { 200: RolloutView },
        },
      },
      async request => {
        const row = await advanceRollout(db, request.params.id, request.body, actOf(request));
        const { phase } = request.body;
        log.info({ rolloutId: request.params.id, operator: request.operator.id, phase }, 'a phase was opened by hand');
        await board.confirm();
        return viewOf(db, row);
      },
    );

    function actOf(request: FastifyRequest): Act {
      return { by: request.operator.name, now: clock.now() };
    }
  };
}

const WORDS = {
  approve: { act: approveRollout, summary: 'Another person’s word that a rollout begins, or its next phase opens' },
  deny: { act: denyRollout, summary: 'Another person’s word against it: never begin, or pause' },
};

/** `POST /rollouts/:id/{approve,deny}`. */
export function rolloutApprovalRoutes({ db, clock, log, board }: RolloutDeps): FastifyPluginAsyncTypebox {
  return async app => {
    for (const [name, { act, summary }] of Object.entries(WORDS)) {
      const schema = {
        operationId: `${name}Rollout`,
        summary,
        tags: ['rollouts'],
        problems: REOPENING,
        params: Params,
        body: RolloutApprovalRequest,
        response: { 200: RolloutView },
      };
      app.post(`/rollouts/:id/${name}`, { schema }, async request => {
        const { id } = request.params;
        const row = await act(db, id, { ...request.body, by: request.operator, now: clock.now() });
        log.info({ rolloutId: id, operator: request.operator.id, act: name }, 'another person gave a word');
        await board.confirm();
        return viewOf(db, row);
      });
    }
  };
}

async function planOf(db: Db, request: RolloutRequest, now: Date): Promise<RolloutPlan> {
  const release = await findRelease(db, request.target);
  const policy = release && (await findPolicy(db, release.product))?.policy;
  return planRollout(request, release, { salt: randomHex(), now, policy });
}

async function viewOf(db: Db, row: RolloutRow | undefined): Promise<RolloutView> {
  const [view] = row ? await rolloutViews(db, [row]) : [];
  if (!view) throw new ServerError('not-found', 'there is no such rollout');
  return view;
}

function randomHex(): string {
  return randomBytes(16).toString('hex');
}
