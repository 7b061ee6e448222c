/**
 * `tidegate-signer serve`: listens at once, and works as soon as the lock is its own. A process that stands by answers
 * reads of the lists and of its health, and takes over when the active one is gone.
 */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { OnlineSigners } from '../edit/refresh.ts';
import { Repository } from '../repository.ts';
import { SignerError } from '../signer-error.ts';
import { storeAt } from '../store/store.ts';
import type { Access } from './access/caller.ts';
import { openVerifier } from './access/oidc.ts';
import { type Active, type ActiveDeps, becomeActive } from './active.ts';
import type { ServiceConfig } from './config.ts';
import { buildApp } from './http/app.ts';
import { listen, readTls } from './http/listening.ts';
import { openLock } from './lock/open-lock.ts';
import { makeMetrics } from './metrics.ts';
import type { Point } from './point.ts';
import { standBy } from './stand-by.ts';
import { checkKeys, nameOf } from './start-checks.ts';
import { watching } from './watching.ts';

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
  readonly close: () => Promise<void>;
}

/** @throws SignerError `config-invalid`, `repository-missing`, `key-not-in-role`; nothing stays open then */
export async function startService(deps: ServiceDeps): Promise<RunningService> {
  const { config, signers, now, log, reached = () => undefined } = deps;
  const repository = await Repository.open(config.repository, { now });
  await checkKeys(config.repository, signers);
  const name = await nameOf(config.repository);
  const metrics = makeMetrics();
  let working: Active | undefined;
  const active = () => working;

  const app = await buildApp({
    access: accessOf(config, now),
    desk: () => required(working).desk,
    store: storeAt(config.repository),
    log,
    tls: await readTls(config),
    ...watching({ repository, metrics, now, active }),
  });
  const url = await listen(app, config);

  const audited: ActiveDeps['audited'] = (event, link) => {
    metrics.audited(event, link.seq);
    log.info({ audit: link, event }, 'an act is in the audit log');
  };
  const lock = openLock(config, name);
  const end = new AbortController();
  const standing = standBy({
    lock,
    log,
    end: end.signal,
    activate: () => becomeActive({ config, signers, name, now, log, audited, reached }),
    changed: active => (working = active),
  });
  return {
    url,
    close: async () => {
      end.abort();
      await standing;
      await app.close();
      await lock.close();
    },
  };
}

function accessOf(config: ServiceConfig, now: Clock): Access {
  const { issuers, rules, readers, bySignature, clockToleranceSeconds } = config;
  return { verify: openVerifier(issuers, { now, clockToleranceSeconds }), rules, readers, bySignature };
}

function required(active: Active | undefined): Active {
  if (active) return active;
  throw new SignerError('not-active', 'This process stands by: another one is active, or is about to be.');
}
