/**
 * PostgreSQL and Redis for a test run as containers (testcontainers), where a Docker engine answers and has the image or
 * can fetch it. Where not, the answer is undefined and the caller goes on as on a machine without one.
 */
import { request } from 'node:http';

export interface Recipe {
  readonly image: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** How often this must have been said before it takes connections. */
  readonly ready: { readonly says: RegExp; readonly times: number };
}

export interface Contained {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** The images of `infra/compose.yaml`. */
export const IMAGES = { postgres: 'postgres:18.4-bookworm', redis: 'redis:7.2.11-bookworm' } as const;

const PING_WITHIN_MS = 1000;
const START_WITHIN_MS = 60_000;

type Environment = Readonly<Record<string, string | undefined>>;

export async function startContainer(recipe: Recipe, env: Environment = process.env): Promise<Contained | undefined> {
  if (!(await engineAnswers(env))) return undefined;
  try {
    const { GenericContainer, Wait } = await import('testcontainers');
    const container = await new GenericContainer(recipe.image)
      .withEnvironment({ ...recipe.environment })
      .withCommand([...recipe.command])
      .withExposedPorts(recipe.port)
      .withWaitStrategy(Wait.forLogMessage(recipe.ready.says, recipe.ready.times))
      .withStartupTimeout(START_WITHIN_MS)
      .start();
    return {
      host: container.getHost(),
      port: container.getMappedPort(recipe.port),
      stop: async () => void (await container.stop()),
    };
  } catch (error) {
    process.stderr.write(`${recipe.image} does not start as a container (${(error as Error).message}): done without\n`);
    return undefined;
  }
}

/** A `docker` on the PATH says nothing: only an engine that answers does. */
export function engineAnswers(env: Environment): Promise<boolean> {
  const address = engineAddress(env['DOCKER_HOST']);
  if (!address) return Promise.resolve(false);
  return new Promise(resolve => {
    const signal = AbortSignal.timeout(PING_WITHIN_MS);
    const ping = request({ ...address, path: '/_ping', agent: false, signal }, answer => {
      answer.destroy();
      resolve(answer.statusCode === 200);
    });
    ping.once('error', () => resolve(false));
    ping.end();
  });
}

function engineAddress(host = 'unix:///var/run/docker.sock') {
  const url = URL.parse(host);
  if (url?.protocol === 'unix:') return { socketPath: url.pathname };
  if (url?.protocol === 'tcp:') return { host: url.hostname, port: url.port || '2375' };
  return undefined;
}
