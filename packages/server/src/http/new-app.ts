/** An HTTP listener with the limits, the validation and the errors that both of ours share; routes come by plugins. */
import { randomUUID } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import type { ProblemCode } from '@tidegate/protocol';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
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
const END_IDLE_MS = 100;
const KEEP_ALIVE_SECONDS = 75;

export interface AppOptions {
  /** null: plain HTTP. */
  readonly https: ServerOptions | null;
  /** Is told of every problem that is answered. */
  readonly refused: (code: ProblemCode) => void;
}

export function newApp(log: Logger, limits: AppLimits, { https, refused }: AppOptions): FastifyInstance {
  // Named by its base type: the app's own type must not depend on the logger's.
  const loggerInstance: FastifyBaseLogger = log;
  const app = Fastify({
    https,
    // Only the addresses of these may say in whose name they ask: a proxy beside us, never a device of the internet.
    trustProxy: ['loopback', 'linklocal', 'uniquelocal'],
    loggerInstance,
    genReqId: numbered(),
    // Nearly no request is logged: the logger that names one is made where it is.
    childLoggerFactory: logger => logger,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestSeconds * 1000,
    connectionTimeout: IDLE_SECONDS * 1000,
    keepAliveTimeout: KEEP_ALIVE_SECONDS * 1000,
    forceCloseConnections: 'idle',
    // What still comes over a kept connection while the process ends is answered, and the connection closed with it: a
    // restart behind a proxy refuses nobody.
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
  app.addHook('preClose', async () => endIdleConnections(app.server));
  app.setValidatorCompiler(compileValidator);
  handleProblems(app, refused);
  return app;
}

/** Unlike any other in the logs of all processes. */
function numbered(): () => string {
  const processId = randomUUID();
  let count = 0;
  return () => `${processId}-${++count}`;
}

/** One that answers while the end begins is kept idle after it: without this, the end waits until a proxy lets go of it. */
function endIdleConnections(server: FastifyInstance['server']): void {
  if (!server.listening) return;
  const timer = setInterval(() => server.closeIdleConnections(), END_IDLE_MS);
  server.once('close', () => clearInterval(timer));
}
