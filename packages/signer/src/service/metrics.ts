/** Figures for Prometheus. Labels are roles of the repository and words of closed lists, never what a caller sent. */
import { AUDIT_EVENTS, type AuditEvent } from './audit/chain.ts';
import { PROBLEMS, type ProblemCode, SUBMISSION_STATES, type SubmissionView } from '@tidegate/protocol';
import { Counter, Gauge, Registry } from 'prom-client';
import type { RoleStatus } from '../status/status.ts';
import type { Health } from './health.ts';

export interface Metrics {
  readonly refused: (code: ProblemCode) => void;
  readonly audited: (event: AuditEvent, seq: number) => void;
  /** @param seen the state as it is now */
  readonly text: (seen: Seen) => Promise<string>;
  readonly contentType: string;
}

export interface Seen {
  readonly health: Health;
  readonly roles: readonly RoleStatus[];
  readonly submissions: readonly Pick<SubmissionView, 'state'>[];
  readonly lastWell: Date | undefined;
  /** Undefined where the file system does not tell. */
  readonly freeBytes: number | undefined;
}

export function makeMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: `tidegate_signer_${name}`, help, labelNames, registers });
  const active = gauge('active', '1 in the process that works, 0 in one that stands by');
  const failing = gauge('failing', '1 while publishing fails or a list is about to expire');
  const queued = gauge('queue_brings_jobs', '0 while the timed work is done without the queue');
  const lastWell = gauge('last_well_seconds', 'Unix time at which everything due was last found or made done');
  const expires = gauge('role_expires_seconds', 'Unix time at which the newest list of a role expires', ['role']);
  const used = gauge('role_life_used_ratio', 'Share of its life that the newest list of a role has used', ['role']);
  const stopped = gauge('role_stopped', '1 for a role whose devices install nothing new: its list does not hold', [
    'role',
  ]);
  const heldBack = gauge('delegations_held_back', '1 while a signed list of delegations waits for lists of its roles');
  const submissions = gauge('submissions', 'Submissions by state', ['state']);
  const free = gauge('disk_free_bytes', "Room on the repository's disk");
  const auditSeq = gauge('audit_lines', 'Lines of the audit log');
  const acts = new Counter({
    name: 'tidegate_signer_acts_total',
    help: 'Acts in the audit log by kind',
    labelNames: ['event'],
    registers,
  });
  const refusals = new Counter({
    name: 'tidegate_signer_refusals_total',
    help: 'Refused requests by code',
    labelNames: ['code'],
    registers,
  });
  for (const event of AUDIT_EVENTS) acts.inc({ event }, 0);
  for (const code of Object.keys(PROBLEMS)) refusals.inc({ code }, 0);
  return {
    contentType: registry.contentType,
    refused: code => refusals.inc({ code }),
    audited: (event, seq) => {
      acts.inc({ event });
      auditSeq.set(seq);
    },
    text: seen => {
      active.set(seen.health.status === 'standby' ? 0 : 1);
      failing.set(seen.health.status === 'failing' ? 1 : 0);
      queued.set(seen.health.queued ? 1 : 0);
      if (seen.lastWell) lastWell.set(seen.lastWell.getTime() / 1000);
      heldBack.set(seen.health.heldBack ? 1 : 0);
      for (const series of [expires, used, stopped]) series.reset();
      for (const { role, expires: at, lifeUsedPercent = 0 } of seen.roles) {
        if (at === undefined) continue;
        expires.set({ role }, Date.parse(at) / 1000);
        used.set({ role }, lifeUsedPercent / 100);
        stopped.set({ role }, seen.health.stopped.some(s => s.role === role) ? 1 : 0);
      }
      for (const state of SUBMISSION_STATES) {
        submissions.set({ state }, seen.submissions.filter(s => s.state === state).length);
      }
      if (seen.freeBytes !== undefined) free.set(seen.freeBytes);
      return registry.metrics();
    },
  };
}
