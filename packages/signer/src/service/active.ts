/**
 * The active process's work, from taking over the folder to letting it go. Begun when the lock is held; what is left
 * behind, however it ends, the next one takes up.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { OnlineSigners } from '../edit/refresh.ts';
import { Repository } from '../repository.ts';
import { storeAt } from '../store/store.ts';
import { type AuditLog, openAuditLog } from './audit/audit-log.ts';
import type { AuditEvent, Link } from './audit/chain.ts';
import type { ServiceConfig } from './config.ts';
import { watchLists } from './list-watch.ts';
import { claimFolder } from './lock/folder-claim.ts';
import type { Point } from './point.ts';
import { serviceDir } from './service-dir.ts';
import { journalAt } from './publishing/journal.ts';
import { type Publisher, startPublisher } from './publishing/publisher.ts';
import { delayOf } from './publishing/trouble.ts';
import { type Desk, openDesk } from './submissions/desk.ts';
import { openSubmissionStore } from './submissions/submission-store.ts';
import { openUploads } from './submissions/uploads.ts';
import { type Schedule, startSchedule } from './timer/schedule.ts';

export interface ActiveDeps {
  readonly config: ServiceConfig;
  readonly signers: OnlineSigners;
  /** Of the repository: the same for all its processes. */
  readonly name: string;
  readonly now: Clock;
  readonly log: Logger;
  readonly audited: (event: AuditEvent, link: Link) => void;
  readonly reached: Point;
}

export interface Active {
  readonly desk: Desk;
  readonly audit: AuditLog;
  readonly publisher: Publisher;
  readonly schedule: Schedule;
  /** Aborted when another process has taken over the folder. */
  readonly lost: AbortSignal;
  readonly close: () => Promise<void>;
}

/** How often it is looked whether something is due; sooner where refreshes are. */
const LOOK_SECONDS = 60;

/** @throws SignerError `repository-missing`, `repository-damaged`, `audit-broken`, `repository-busy` */
export async function becomeActive(deps: ActiveDeps): Promise<Active> {
  const { config, now, log, reached } = deps;
  const dir = serviceDir(config.repository);
  const store = storeAt(config.repository);
  await Repository.open(config.repository);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const lost = new AbortController();
  const { guard, hold } = await claimFolder(config.repository, dir, () => lost.abort());
  const repository = await Repository.open(config.repository, { now, guard });
  const audit = await openAuditLog(dir, { now, hold, told: deps.audited });
  await audit.append('activated', { process: process.pid });
  const submissions = await openSubmissionStore(join(dir, 'submissions'), hold);
  const uploads = await openUploads({
    dir: join(dir, 'uploads'),
    artifacts: store.artifacts,
    reserveBytes: config.reserveBytes,
    hold,
  });
  const lists = watchLists(log);
  const look = () => {
    publisher.wake();
    repository.status().then(lists.look, error => log.error({ err: error }, 'the lists cannot be read'));
  };
  const { waitingDays, refreshSeconds, server } = config;
  const desk = openDesk({
    repository,
    store,
    submissions,
    uploads,
    audit,
    now,
    waitingDays,
    delayOf: role => delayOf(role, publisher.trouble(), publisher.outlook()),
    wake: () => publisher.wake(),
    reached,
  });
  const publisher = startPublisher({
    repository,
    store,
    course: desk.course,
    journal: journalAt(dir, hold),
    audit,
    signers: deps.signers,
    server,
    refreshSeconds,
    now,
    log,
    reached,
    seen: lists.seen,
  });
  const everyMs = Math.min(LOOK_SECONDS, refreshSeconds) * 1000;
  const { databaseUrl, redisUrl, redisPrefix } = config;
  const schedule = startSchedule({ databaseUrl, redisUrl, redisPrefix, name: deps.name, everyMs, look, log });
  look();
  return {
    desk,
    audit,
    publisher,
    schedule,
    lost: lost.signal,
    close: async () => {
      await schedule.close();
      await publisher.close();
    },
  };
}
