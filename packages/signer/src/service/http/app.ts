/** Every route of the service on one page, with the limits and errors that they share. */
import { randomUUID } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import { SIGNING_API, SIGNING_METADATA_BASE } from '@tidegate/protocol';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Store } from '../../store/store.ts';
import type { Health } from '../health.ts';
import { metadataRoutes } from './metadata-routes.ts';
import { answerProblem, asRefusal, handleProblems, type Refusal } from './problem-handler.ts';
import { type SubmissionDeps, submissionRoutes } from './submission-routes.ts';
import { compileValidator } from './validator.ts';

export interface AppDeps extends SubmissionDeps {
  readonly store: Store;
  readonly log: Logger;
  readonly tls: ServerOptions | null;
  readonly health: () => Promise<Health>;
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> };
  readonly refused: (request: FastifyRequest, refusal: Refusal) => Promise<void>;
}

const BODY_BYTES = 16 * 1024;
const IDLE_SECONDS = 120;
const CONNECTIONS = 500;

export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  // Named by its base type: the app's own type must not depend on the logger's.
  const loggerInstance: FastifyBaseLogger = deps.log;
  const app = Fastify({
    https: deps.tls,
    loggerInstance,
    genReqId: () => randomUUID(),
    bodyLimit: BODY_BYTES,
    // An artifact of gigabytes takes as long as its bytes keep coming.
    requestTimeout: 0,
    connectionTimeout: IDLE_SECONDS * 1000,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 256 },
    logController: new LogController({ disableRequestLogging: true }),
    // What fails before a route is found: a path that cannot be decoded.
    frameworkErrors: (error, _request, reply) => void answerProblem(reply, asRefusal(error)),
  });
  app.server.maxConnections = CONNECTIONS;
  app.setValidatorCompiler(compileValidator);
  handleProblems(app, deps.refused);
  await app.register(submissionRoutes(deps), { prefix: SIGNING_API });
  await app.register(metadataRoutes(deps.store), { prefix: SIGNING_METADATA_BASE });
  app.get('/livez', async () => ({ live: true }));
  app.get('/healthz', async (_request, reply) => {
    const health = await deps.health();
    return reply
      .code(health.status === 'failing' ? 503 : 200)
      .header('Cache-Control', 'no-store')
      .send(health);
  });
  app.get('/metrics', async (_request, reply) =>
    reply
      .type(deps.metrics.contentType)
      .header('Cache-Control', 'no-store')
      .send(await deps.metrics.text()),
  );
  return app;
}
