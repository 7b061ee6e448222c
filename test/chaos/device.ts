/**
 * A device as the servers see it: real HTTP, a real key. It asks any process, carries out what it is offered, and tells
 * each step until that is acknowledged, now and then twice. One that waits for its owner does so for ever, so that whatever
 * its rollout may still do shows as an offer.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type CheckInAnswer,
  type CheckInRequest,
  DEVICE_API,
  type NonceAnswer,
  type Offer,
  type Report,
  type ReportsAnswer,
  type TokenAnswer,
} from '@tidegate/protocol';
import { seedId } from '@tidegate/server/testing';
import type { EnrolledDevice } from '../server/enrolled-device.ts';
import { type Ledger, noteTrouble } from './ledger.ts';

const STEPS = ['downloading', 'installing', 'activating', 'trial'] as const;
/** Of those who install. */
const TROUBLED_SHARE = 0.05;
const TELLS_TWICE_SHARE = 0.2;
const PAUSE_MS = { least: 50, most: 350 };
const REST_MS = { least: 200, most: 1000 };
const PATIENCE_MS = 10_000;

export interface SimulatedDevice {
  readonly enrolled: EnrolledDevice;
  /** Installs what it is offered; else it only waits. */
  readonly installs: boolean;
}

export interface DeviceWorld {
  readonly ledger: Ledger;
  /** Where the processes listen that an operator would have a load balancer send devices to. */
  readonly urls: () => readonly string[];
  readonly random: () => number;
  /** Of the releases by target: what a device that installed it can prove. */
  readonly hashes: ReadonlyMap<string, string>;
}

interface Answered<T> {
  readonly body: T;
  readonly server: string;
  readonly askedAt: number;
}

/** Lives until the signal; never throws for what a server does. */
export async function liveAsDevice(device: SimulatedDevice, world: DeviceWorld, signal: AbortSignal): Promise<void> {
  const { enrolled, installs } = device;
  const { ledger, random } = world;
  let token = enrolled.accessToken;
  let running: CheckInRequest['components'][number] = { component: 'app', version: '1.0.0', counter: 1 };
  let update: CheckInRequest['update'];

  async function post<T>(path: string, body: unknown): Promise<Answered<T> | undefined> {
    const urls = world.urls();
    const server = urls[Math.floor(random() * urls.length)];
    if (server === undefined) return undefined;
    const askedAt = performance.now();
    try {
      const response = await fetch(`${server}${DEVICE_API}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
      });
      const text = await response.text();
      ledger.answered.slowestMs = Math.max(ledger.answered.slowestMs, performance.now() - askedAt);
      if (response.ok) return { body: JSON.parse(text) as T, server, askedAt };
      noteTrouble(ledger, `${response.status} ${(JSON.parse(text) as { code: string }).code}`);
      if (response.status === 401 && path !== '/token') await renewToken();
    } catch (error) {
      if (!signal.aborted)
        noteTrouble(ledger, error instanceof Error && error.name === 'TimeoutError' ? 'no answer' : 'broken');
    }
    return undefined;
  }

  async function renewToken(): Promise<void> {
    const nonce = await post<NonceAnswer>('/nonce', undefined);
    if (!nonce) return;
    const answer = await post<TokenAnswer>('/token', enrolled.key.assertion(enrolled.deviceId, nonce.body.nonce));
    if (answer) token = answer.body.accessToken;
  }

  const pause = ({ least, most } = PAUSE_MS) => wait(least + random() * (most - least));

  async function tell(report: Report): Promise<void> {
    const sent = { deviceId: enrolled.deviceId, report, acknowledged: false };
    ledger.reports.set(report.id, sent);
    let times = random() < TELLS_TWICE_SHARE ? 2 : 1;
    while (times > 0 && !signal.aborted) {
      const answer = await post<ReportsAnswer>('/reports', { reports: [report] });
      if (answer?.body.acknowledged.includes(report.id)) {
        sent.acknowledged = true;
        times--;
      } else {
        await pause();
      }
    }
  }

  async function install(offer: Offer): Promise<void> {
    const { rolloutId, attempt, target, counter } = offer;
    const said = () => ({
      id: randomBytes(16).toString('hex'),
      rolloutId,
      attempt,
      target,
      component: offer.component,
      counter,
      at: new Date().toISOString(),
    });
    for (const state of STEPS) {
      if (signal.aborted) return;
      if (state === 'installing' && random() < TROUBLED_SHARE) {
        return tell({ ...said(), state: 'failed', code: 'disk-full' });
      }
      await tell({ ...said(), state });
      await pause();
    }
    const version = target.split('/')[3] ?? '';
    const sha256 = world.hashes.get(target) ?? '';
    running = { component: offer.component, version, counter, sha256 };
    await tell({ ...said(), state: 'verified', version, sha256 });
  }

  while (!signal.aborted) {
    const answer = await post<CheckInAnswer>('/check-in', {
      agentVersion: '0.1.0',
      hardware: 'gw-a',
      channel: 'stable',
      bootId: seedId(enrolled.deviceId),
      components: [running],
      ...(update && { update }),
    } satisfies CheckInRequest);
    if (answer) {
      const { offer, stop } = answer.body;
      ledger.answered.checkIns++;
      ledger.answeredBy.set(answer.server, (ledger.answeredBy.get(answer.server) ?? 0) + 1);
      if (update && stop.includes(update.rolloutId)) update = undefined;
      if (offer) {
        const { server, askedAt } = answer;
        ledger.offers.push({ deviceId: enrolled.deviceId, offer, server, askedAt, hadAt: performance.now() });
        if (installs) await install(offer);
        else update = { rolloutId: offer.rolloutId, attempt: offer.attempt, state: 'offered' };
      }
    }
    await pause(REST_MS);
  }
}
