/**
 * What devices sent, what they were told, and when: kept outside of the servers, by the devices' own hand. Times are
 * `performance.now()` of this process, which no fault touches.
 */
import type { Offer, Report } from '@tidegate/protocol';

export interface ReportSent {
  readonly deviceId: string;
  readonly report: Report;
  /** A server said that it is durable. */
  acknowledged: boolean;
}

export interface OfferHad {
  readonly deviceId: string;
  readonly offer: Offer;
  /** Which process gave it. */
  readonly server: string;
  readonly askedAt: number;
  readonly hadAt: number;
}

export interface Ledger {
  /** By id, since a device tells a thing under one id however often. */
  readonly reports: Map<string, ReportSent>;
  readonly offers: OfferHad[];
  /** Check-ins answered with 200, and how long the slowest answer of any kind took. */
  readonly answered: { checkIns: number; slowestMs: number };
  /** Check-ins that each process answered with 200. */
  readonly answeredBy: Map<string, number>;
  /** What came instead of 200: a status, or a word for a broken connection, with how often. */
  readonly troubles: Map<string, number>;
}

export function openLedger(): Ledger {
  return {
    reports: new Map(),
    offers: [],
    answered: { checkIns: 0, slowestMs: 0 },
    answeredBy: new Map(),
    troubles: new Map(),
  };
}

export function noteTrouble(ledger: Ledger, what: string): void {
  ledger.troubles.set(what, (ledger.troubles.get(what) ?? 0) + 1);
}
