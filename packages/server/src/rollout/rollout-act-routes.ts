/** What people do to a rollout on its way: for `operator` and above, each as often as one likes; and approval by another person. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import {
  Hex32,
  type ProblemCode,
  RolloutAdvanceRequest,
  RolloutApprovalRequest,
  RolloutRescheduleRequest,
  RolloutRetryAnswer,
  RolloutRetryRequest,
  RolloutView,
} from '@tidegate/protocol';
import type { FastifyRequest } from 'fastify';
import { approveRollout, denyRollout } from './rollout-approval.ts';
import {
  type Act,
  advanceRollout,
  pauseRollout,
  rescheduleRollout,
  resumeRollout,
  stopRollout,
} from './rollout-control.ts';
import { startTime } from './rollout-plan.ts';
import { retryRollout } from './rollout-retry.ts';
import type { RolloutDeps } from './rollout-routes.ts';
import type { RolloutRow } from './rollout-store.ts';
import { rolloutView } from './rollout-view.ts';

const Params = Type.Object({ id: Hex32 });
const REOPENING = ['not-found', 'rollout-state', 'rollout-conflict', 'release-unknown'] as const;

interface NamedAct {
  readonly act: typeof pauseRollout;
  readonly summary: string;
  readonly problems: readonly ProblemCode[];
}

const ACTS: Readonly<Record<string, NamedAct>> = {
  pause: {
    act: pauseRollout,
    summary: 'Let nobody begin; devices at work go on',
    problems: ['not-found', 'rollout-state'],
  },
  resume: { act: resumeRollout, summary: 'Go on where it was paused or stopped', problems: REOPENING },
  stop: { act: stopRollout, summary: 'Stop devices at work too', problems: ['not-found'] },
};

/** `POST /rollouts/:id/{pause,resume,stop,retry,reschedule,advance}`. */
export function rolloutActRoutes(deps: RolloutDeps): FastifyPluginAsyncTypebox {
  const { db, clock } = deps;
  const actOf = (request: FastifyRequest): Act => ({ by: request.operator.name, now: clock.now() });
  return async app => {
    for (const [name, { act, summary, problems }] of Object.entries(ACTS)) {
      app.post(`/rollouts/:id/${name}`, { schema: schemaOf(name, summary, problems) }, async request => {
        const row = await act(db, request.params.id, actOf(request));
        return done(deps, request, row, { act: name });
      });
    }

    app.post(
      '/rollouts/:id/retry',
      {
        schema: {
          ...schemaOf('retry', 'One more attempt for devices that ended otherwise than verified', REOPENING),
          body: RolloutRetryRequest,
          response: { 200: RolloutRetryAnswer },
        },
      },
      async request => {
        const answer = await retryRollout(db, request.params.id, request.body.devices, actOf(request));
        const { retried = 0, exhausted = 0 } = answer ?? {};
        const rollout = await done(deps, request, answer?.row, { act: 'retry', retried, exhausted });
        return { rollout, retried, exhausted };
      },
    );

    app.post(
      '/rollouts/:id/reschedule',
      {
        schema: {
          ...schemaOf('reschedule', 'Another start for a rollout that has not begun', ['not-found', 'rollout-state']),
          body: RolloutRescheduleRequest,
        },
      },
      async request => {
        const act = actOf(request);
        const notBefore = startTime(request.body.notBefore, act.now);
        const row = await rescheduleRollout(db, request.params.id, notBefore, act);
        return done(deps, request, row, { act: 'reschedule', notBefore });
      },
    );

    app.post(
      '/rollouts/:id/advance',
      {
        schema: {
          ...schemaOf('advance', 'Open the next phase before the gate would', ['not-found', 'rollout-state']),
          body: RolloutAdvanceRequest,
        },
      },
      async request => {
        const row = await advanceRollout(db, request.params.id, request.body, actOf(request));
        return done(deps, request, row, { act: 'advance', phase: request.body.phase });
      },
    );
  };
}

const WORDS = {
  approve: { act: approveRollout, summary: 'Another person’s word that a rollout begins, or its next phase opens' },
  deny: { act: denyRollout, summary: 'Another person’s word against it: never begin, or pause' },
};

/** `POST /rollouts/:id/{approve,deny}`. */
export function rolloutApprovalRoutes(deps: RolloutDeps): FastifyPluginAsyncTypebox {
  const { db, clock } = deps;
  return async app => {
    for (const [name, { act, summary }] of Object.entries(WORDS)) {
      const schema = { ...schemaOf(name, summary, REOPENING), body: RolloutApprovalRequest };
      app.post(`/rollouts/:id/${name}`, { schema }, async request => {
        const row = await act(db, request.params.id, { ...request.body, by: request.operator, now: clock.now() });
        return done(deps, request, row, { act: name });
      });
    }
  };
}

function schemaOf(name: string, summary: string, problems: readonly ProblemCode[]) {
  const operationId = `${name}Rollout`;
  return { operationId, summary, tags: ['rollouts'], problems, params: Params, response: { 200: RolloutView } };
}

/** Told to the log, and every process's board brought up to date, before the answer. */
async function done(
  { db, log, board }: RolloutDeps,
  request: FastifyRequest<{ Params: { id: string } }>,
  row: RolloutRow | undefined,
  what: { readonly act: string } & Readonly<Record<string, unknown>>,
): Promise<RolloutView> {
  log.info({ rolloutId: request.params.id, operator: request.operator.id, ...what }, 'an operator acted');
  await board.confirm();
  return rolloutView(db, row);
}
