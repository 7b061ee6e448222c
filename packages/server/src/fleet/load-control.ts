/**
 * Keeps the device listener within what it can carry: turns away by measured pressure, by the budget of check-ins, and
 * by asker. Before authentication and before a body is read, so that a refusal costs next to nothing. What stands
 * outside of the plugin that uses it (health) is answered whatever comes.
 */
import { isIP } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import type { FleetConfig } from './fleet-config.ts';
import type { FleetPace } from './fleet-pace.ts';
import { measurePressure } from './pressure.ts';
import { rateLimit } from './rate-limit.ts';
import { isShed, retryAfterSeconds, type Urgency } from './shedding.ts';
import { type Bucket, draw } from './token-bucket.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where absent: `opening`. */
    urgency?: Urgency;
  }
}

/** Calls back instead of promising: a promise would cost as much as what the hook does. */
type Hook = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void;

/** A token that is younger than this was paid for by the nonce that it was made with. */
const PAID_SECONDS = 60;
/** The budget may be used this much ahead. */
const BURST_SECONDS = 1;
const TOLD_MS = 60_000;

export interface LoadControl {
  /** For every route that is registered in this plugin from here on. */
  readonly watch: (app: FastifyInstance) => void;
  /** Hook of routes that begin a conversation without a token: they count against the budget, and by address. */
  readonly opening: Hook;
  /** Hook of routes without a token that go on with one. */
  readonly byAddress: Hook;
  /** Hook of every route behind a token. */
  readonly byDevice: Hook;
  /** Hook of the check-in. */
  readonly checkIn: Hook;
  readonly close: () => void;
}

export interface LoadDeps extends Pick<Deps, 'clock' | 'log'> {
  readonly pace: Pick<FleetPace, 'intervalSeconds' | 'checkInsPerSecond'>;
  readonly fleet: FleetConfig;
  /** In [0, 1). */
  readonly random: () => number;
}

export function controlLoad({ clock, log, pace, fleet, random }: LoadDeps): LoadControl {
  const pressure = measurePressure(fleet);
  const devices = rateLimit(clock, fleet.deviceRequestsPerMinute);
  const addresses = rateLimit(clock, fleet.addressRequestsPerMinute);
  let budget: Bucket | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;

  function turnAway(urgency: Urgency, why: string): never {
    const nowMs = clock.now().getTime();
    if (Math.abs(nowMs - toldAt) >= TOLD_MS) {
      toldAt = nowMs;
      log.warn({ why, pressure: pressure.now() }, 'devices are turned away and told when to come again');
    }
    throw new ServerError('overloaded', `${why}: come again as Retry-After says`, {
      retryAfterSeconds: retryAfterSeconds(urgency, pace.intervalSeconds(), random()),
    });
  }

  function pay(): void {
    const perSecond = pace.checkInsPerSecond();
    const rate = { perSecond, burst: Math.max(1, perSecond * BURST_SECONDS) };
    const { bucket, isTaken } = draw(budget, rate, clock.now().getTime());
    budget = bucket;
    if (!isTaken) turnAway('opening', 'more devices come than are to be served');
  }

  /** One function for all: a closure for each request would cost more than what it does. */
  function left(this: object): void {
    pressure.ended(this);
  }

  return {
    watch: app => {
      app.addHook('onRoute', route => {
        route.config = { ...route.config, loadProblems: ['overloaded', 'too-many-requests'] };
      });
      app.addHook('onRequest', (request, reply, done) => {
        pressure.began(reply.raw);
        reply.raw.on('close', left);
        const urgency = request.routeOptions.config.urgency ?? 'opening';
        if (isShed(urgency, pressure.now(), random())) turnAway(urgency, 'the server has more to do than it can');
        done();
      });
      // The answer is ready: how long its bytes take is the line's affair.
      app.addHook('onSend', (_request, reply, _payload, done) => {
        pressure.ended(reply.raw);
        done();
      });
    },
    opening: (request, _reply, done) => {
      addresses.admit(addressKey(request.ip));
      pay();
      done();
    },
    byAddress: (request, _reply, done) => {
      addresses.admit(addressKey(request.ip));
      done();
    },
    byDevice: (request, _reply, done) => {
      devices.admit(request.device.id);
      done();
    },
    checkIn: (request, _reply, done) => {
      if (clock.now().getTime() / 1000 - request.device.tokenIssuedAtSeconds >= PAID_SECONDS) pay();
      done();
    },
    close: pressure.close,
  };
}

/**
 * An IPv6 subscriber has a /64: the addresses within it are one asker. So are all that are no address: a proxy may pass on
 * any text, as long as a header, and it must neither be remembered nor make many of one.
 */
export function addressKey(address: string): string {
  const [bare = ''] = address.split('%', 1);
  if (isIP(bare) === 0) return 'no address';
  if (!bare.includes(':') || bare.startsWith('::ffff:')) return bare;
  const [head = '', tail] = bare.split('::');
  const groups = head.split(':').filter(g => g !== '');
  const after = (tail ?? '').split(':').filter(g => g !== '');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).join(':');
}
