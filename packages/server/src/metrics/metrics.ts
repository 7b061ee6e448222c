/**
 * What this process counts as it works. A registry for each app, none that is global; every label has a closed list of
 * values, and none names a device, a person or a path that a client made up. Counting is an addition in memory.
 */
import { CODE_NAMES, type Code, PROBLEMS, type ProblemCode, UPDATE_STATES, type UpdateState } from '@tidegate/protocol';
import { Counter, Histogram, Registry } from 'prom-client';

export type Listener = 'device' | 'admin';

export interface Metrics {
  readonly registry: Registry;
  readonly checkIns: Counter;
  readonly offers: Counter;
  readonly stops: Counter;
  readonly reports: Counter<'state'>;
  readonly reportCodes: Counter<'code'>;
  readonly refusals: Counter<'listener' | 'code'>;
  readonly requests: Histogram<'listener' | 'method' | 'route' | 'status'>;
}

const BUCKETS_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];

export function newMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const metrics = {
    registry,
    checkIns: new Counter({ name: 'tidegate_check_ins_total', help: 'Check-ins answered.', registers }),
    offers: new Counter({ name: 'tidegate_offers_total', help: 'Check-ins answered with an offer.', registers }),
    stops: new Counter({
      name: 'tidegate_stops_total',
      help: 'Check-ins answered with an update that must not go on.',
      registers,
    }),
    reports: new Counter({
      name: 'tidegate_reports_total',
      help: 'Reports stored, by the state that they tell; a report that comes again is not counted again.',
      labelNames: ['state'],
      registers,
    }),
    reportCodes: new Counter({
      name: 'tidegate_report_codes_total',
      help: 'Codes of the reports stored: why an update failed, was refused, or waits.',
      labelNames: ['code'],
      registers,
    }),
    refusals: new Counter({
      name: 'tidegate_refusals_total',
      help: 'Requests answered with a problem, by its code.',
      labelNames: ['listener', 'code'],
      registers,
    }),
    requests: new Histogram({
      name: 'tidegate_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer, by route and class of status.',
      labelNames: ['listener', 'method', 'route', 'status'],
      buckets: BUCKETS_SECONDS,
      registers,
    }),
  } satisfies Metrics;
  beginAtZero(metrics);
  return metrics;
}

/** A counter that is first seen at 1 shows no rise: those with a short list of labels are there from the start. */
function beginAtZero({ reports, reportCodes, refusals }: Metrics): void {
  for (const state of UPDATE_STATES) reports.inc({ state }, 0);
  for (const code of CODE_NAMES) reportCodes.inc({ code }, 0);
  for (const listener of ['device', 'admin'] satisfies Listener[]) {
    for (const code of Object.keys(PROBLEMS)) refusals.inc({ listener, code }, 0);
  }
}

export function countReport({ reports, reportCodes }: Metrics, state: UpdateState, code: Code | undefined): void {
  reports.inc({ state });
  if (code !== undefined) reportCodes.inc({ code });
}

/** For `newApp`: what a listener refuses. */
export function refusalCounter({ refusals }: Metrics, listener: Listener): (code: ProblemCode) => void {
  return code => refusals.inc({ listener, code });
}
