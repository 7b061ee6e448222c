/** An HTTP listener with the limits, the validation and the errors that both of ours share; routes come by plugins. */
import { randomUUID } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import type { ProblemCode } from '@tidegate/protocol';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { refuseWhileGoingDown } from './going-down.ts';
import { answerProblem, asServerError, handleProblems } from './problem-handler.ts';
import { compileValidator } from './validator.ts';

export interface AppLimits {
  /** Bodies of routes that set no limit of their own. */
  readonly bodyBytes: number;
  /** How long a request may take to arrive; 0: as long as its bytes keep coming. */
  readonly requestSeconds: number;
  readonly connections: number;
}

const IDLE_SECONDS = 120;
const KEEP_ALIVE_SECONDS = 75;

export interface AppOptions {
  /** null: plain HTTP. */
  readonly https: ServerOptions | null;
  /** Is told of every problem that is answered. */
  readonly refused: (code: ProblemCode) => void;
  /** In [0, 1). */
  readonly random: () => number;
}

export function newApp(log: Logger, limits: AppLimits, { https, refused, random }: AppOptions): FastifyInstance {
  // Named by its base type: the app's own type must not depend on the logger's.
  const loggerInstance: FastifyBaseLogger = log;
  const app = Fastify({
    https,
    // Only the addresses of these may say in whose name they ask: a proxy beside us, never a device of the internet.
    trustProxy: ['loopback', 'linklocal', 'uniquelocal'],
    loggerInstance,
    genReqId: () => randomUUID(),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestSeconds * 1000,
    connectionTimeout: IDLE_SECONDS * 1000,
    keepAliveTimeout: KEEP_ALIVE_SECONDS * 1000,
    forceCloseConnections: 'idle',
    // Told as a problem instead: `refuseWhileGoingDown`.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 512 },
    // A line a request would drown the rest: errors and operators' acts are logged where they happen.
    logController: new LogController({ disableRequestLogging: true }),
    // What fails before a route is found: a path that cannot be decoded.
    frameworkErrors: (error, request, reply) => {
      const known = asServerError(error);
      refused(known.code);
      void answerProblem(request, reply, known);
    },
  });
  app.server.maxConnections = limits.connections;
  app.setValidatorCompiler(compileValidator);
  refuseWhileGoingDown(app, random);
  handleProblems(app, refused);
  return app;
}
