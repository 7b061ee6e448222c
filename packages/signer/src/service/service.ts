/**
 * `tidegate-signer serve`: listens at once, and works as soon as the lock is its own. A process that stands by answers
 * reads of the lists and of its health, and takes over when the active one is gone.
 */
import { hash } from 'node:crypto';
import { readFile, statfs } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerOptions } from 'node:https';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { OnlineSigners } from '../edit/refresh.ts';
import { SignerError } from '../signer-error.ts';
import { Repository } from '../repository.ts';
import { errorCode, readBounded } from '../store/durable-file.ts';
import { current, storeAt } from '../store/store.ts';
import { parseRoot } from '../tuf/parse.ts';
import { keyId } from '../tuf/key.ts';
import { openVerifier } from './access/oidc.ts';
import { type Active, becomeActive } from './active.ts';
import { boundRefusals } from './audit/refusal-lines.ts';
import type { ServiceConfig } from './config.ts';
import { type Health, healthOf } from './health.ts';
import { buildApp } from './http/app.ts';
import type { Refusal } from './http/problem-handler.ts';
import type { ActiveLock, Held } from './lock/active-lock.ts';
import { postgresLock } from './lock/postgres-lock.ts';
import { redisLock } from './lock/redis-lock.ts';
import { makeMetrics } from './metrics.ts';
import type { Point } from './point.ts';

export interface ServiceDeps {
  readonly config: ServiceConfig;
  readonly signers: OnlineSigners;
  readonly now: Clock;
  readonly log: Logger;
  /** Told of the places at which a kill would be worst; for tests. */
  readonly reached?: Point;
}

export interface RunningService {
  readonly url: string;
  /** The work in hand where this process is the active one. */
  readonly active: () => Active | undefined;
  readonly close: () => Promise<void>;
}

/** How often a process that stands by looks whether the lock is free. */
const STANDBY_MS = 2000;
const LIST_BYTES = 512 * 1024;

/** @throws SignerError `config-invalid`, `repository-missing`, `key-not-in-role`; nothing stays open then */
export async function startService(deps: ServiceDeps): Promise<RunningService> {
  const { config, now, log } = deps;
  const store = storeAt(config.repository);
  const repository = await Repository.open(config.repository, { now });
  await checkKeys(config.repository, deps.signers);
  const name = await nameOf(config.repository);
  const metrics = makeMetrics();
  const refusals = boundRefusals(now);
  const end = new AbortController();
  let active: Active | undefined;

  const desk = () => {
    if (active) return active.desk;
    throw new SignerError('not-active', 'This process stands by: another one is active, or is about to be.');
  };
  const refused = async (request: FastifyRequest, { code, detail }: Refusal) => {
    metrics.refused(code);
    if (!active || code === 'not-found' || request.method === 'GET') return;
    const { leftOut, write } = refusals.admit();
    if (leftOut > 0) await active.audit.append('refusals-not-listed', { count: leftOut });
    // The route's pattern, never the address as it was sent.
    const route = `${request.method} ${request.routeOptions.url ?? '?'}`;
    if (write) await active.audit.append('refused', { route, code, detail: detail.slice(0, 300), from: request.ip });
  };
  const health = async (): Promise<Health> =>
    healthOf({
      active: active !== undefined,
      roles: await repository.status(),
      trouble: active?.publisher.trouble(),
      outlook: active?.publisher.outlook(),
      stage: active?.publisher.stage() ?? 'idle',
      queued: active?.schedule.queued() ?? true,
      waiting: active?.desk.list(s => s.state === 'waiting').length ?? 0,
    });
  const text = async () =>
    metrics.text({
      health: await health(),
      roles: await repository.status(),
      submissions: active?.desk.list(() => true) ?? [],
      lastWell: active?.publisher.lastWell(),
      freeBytes: await freeBytes(config.repository),
    });

  const { issuers, rules, readers, bySignature, clockToleranceSeconds } = config;
  const access = { verify: openVerifier(issuers, { now, clockToleranceSeconds }), rules, readers, bySignature };
  const app = await buildApp({
    access,
    desk,
    store,
    log,
    tls: await readTls(config),
    health,
    metrics: { contentType: metrics.contentType, text },
    refused,
  });
  const url = await listen(app, config);

  const lock = lockOf(config, name);
  const audited = (event: Parameters<typeof metrics.audited>[0], link: { seq: number; hash: string }) => {
    metrics.audited(event, link.seq);
    log.info({ audit: link, event }, 'an act is in the audit log');
  };
  const activate = () =>
    becomeActive({
      config,
      signers: deps.signers,
      name,
      now,
      log,
      audited,
      reached: deps.reached ?? (() => undefined),
    });
  const standing = standBy({ lock, log, end: end.signal, activate, changed: a => (active = a) });
  return {
    url,
    active: () => active,
    close: async () => {
      end.abort();
      await standing;
      await app.close();
      await lock.close();
    },
  };
}

interface Standing {
  readonly lock: ActiveLock;
  readonly log: Logger;
  readonly end: AbortSignal;
  readonly activate: () => Promise<Active>;
  readonly changed: (active: Active | undefined) => void;
}

/** Takes the lock when it is free, works until it is lost, and stands by again. */
async function standBy({ lock, log, end, activate, changed }: Standing): Promise<void> {
  let told = '';
  const tell = (reason: string) => {
    if (reason !== told) log.warn({ reason }, 'this process stands by');
    told = reason;
  };
  while (!end.aborted) {
    let held: Held | undefined;
    try {
      held = await lock.take();
      if (held) {
        const active = await activate();
        log.info('this process is the active one');
        told = '';
        changed(active);
        await untilEither(held.lost, active.lost, end);
        changed(undefined);
        await active.close();
      } else {
        tell('another process is active');
      }
    } catch (error) {
      // Addresses of stores hold passwords: only codes and our own words are told.
      tell(error instanceof SignerError ? error.message : (errorCode(error) ?? (error as Error).message));
    }
    await held?.release();
    await pause(STANDBY_MS, undefined, { signal: end }).catch(() => undefined);
  }
}

function untilEither(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise(resolve => {
    const any = AbortSignal.any([...signals]);
    if (any.aborted) resolve();
    any.addEventListener('abort', () => resolve(), { once: true });
  });
}

function lockOf({ databaseUrl, redisUrl = '', redisPrefix }: ServiceConfig, name: string): ActiveLock {
  return databaseUrl === undefined ? redisLock(redisUrl, redisPrefix, name) : postgresLock(databaseUrl, name);
}

/** The repository's first root is its name: nothing else is the same for all copies and never changes. */
async function nameOf(dir: string): Promise<string> {
  const root = await readBounded(join(storeAt(dir).metadata, '1.root.json'), LIST_BYTES);
  if (root) return hash('sha256', root, 'hex');
  throw new SignerError(
    'role-unsigned',
    'The root is not signed yet. Hold the ceremony first, then start the service.',
  );
}

/** Better to say so at the start than at the first refresh. */
async function checkKeys(dir: string, signers: OnlineSigners): Promise<void> {
  const root = await current(storeAt(dir), 'root', parseRoot);
  if (!root) throw new SignerError('role-unsigned', 'The root is not signed yet. Hold the ceremony first.');
  for (const role of ['snapshot', 'timestamp'] as const) {
    const key = signers[role];
    if (key && root.signed.roles[role].keyids.includes(keyId(key.publicKey()))) continue;
    throw new SignerError(
      'key-not-in-role',
      `The key that is configured for ${role} is not the one that the root names.`,
    );
  }
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

async function readTls({ listen }: ServiceConfig): Promise<ServerOptions | null> {
  if (!listen.tls) return null;
  const { cert, key } = listen.tls;
  try {
    return { cert: await readFile(cert), key: await readFile(key), minVersion: 'TLSv1.2' };
  } catch (cause) {
    throw new SignerError('config-invalid', `The TLS certificate or key cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function listen(app: Awaited<ReturnType<typeof buildApp>>, { listen: { host, port, tls } }: ServiceConfig) {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    if (errorCode(cause) !== 'EADDRINUSE') throw cause;
    throw new SignerError('config-invalid', `Port ${port} of ${host} is taken: choose another (0 picks a free one).`, {
      cause,
    });
  }
  const { port: bound } = app.server.address() as AddressInfo;
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}
