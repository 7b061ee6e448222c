/** Products, claim tokens and devices. */
import { hash, randomBytes } from 'node:crypto';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  ClaimTokensAnswer,
  ClaimTokensRequest,
  closed,
  DEVICE_ALARMS,
  DeviceEvent,
  DeviceView,
  Hex32,
  Instant,
  LIMITS,
  Name,
  page,
  ProductRequest,
  ProductView,
  ReportView,
} from '@tidegate/protocol';
import type { FastifyPluginAsync } from 'fastify';
import { Type } from 'typebox';
import type { Deps } from '../deps.ts';
import { clearAlarm } from '../identity/alarm-store.ts';
import { revokeDevice } from '../identity/device-store.ts';
import { ServerError } from '../server-error.ts';
import {
  findDeviceView,
  insertClaimTokens,
  insertProduct,
  listDevices,
  listProducts,
  listReports,
  productExists,
} from './fleet-store.ts';
import { listEvents, parsePlace, type PlacedEvent } from './history-store.ts';
import { pageOf, pageQuery } from './paging.ts';

const CLAIM_SECONDS = 30 * 86_400;
const REPORTS_SHOWN = 1000;
const ById = Type.Object({ id: Hex32 });
const AlarmOfDevice = Type.Object({ id: Hex32, alarm: Type.Enum([...DEVICE_ALARMS]) });
const DevicesQuery = closed({
  ...pageQuery,
  product: Type.Optional(Name),
  hardware: Type.Optional(Name),
  channel: Type.Optional(Name),
  /** RSQL over the devices' facts and attributes, as in a rollout. */
  filter: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.filterChars })),
  /** Whose `version` and `counter` the filter means. */
  component: Type.Optional(Name),
  alarm: Type.Optional(Type.Enum([...DEVICE_ALARMS, 'any'])),
  revoked: Type.Optional(Type.Boolean()),
  /** Not heard of since then; for a device that never checked in, its enrolment counts. */
  seenBefore: Type.Optional(Instant),
  seenAfter: Type.Optional(Instant),
});

export function productRoutes({ db, clock }: Deps): FastifyPluginAsync {
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();

    app.post(
      '/products',
      {
        schema: {
          operationId: 'createProduct',
          summary: 'A product line',
          tags: ['fleet'],
          problems: ['conflict'],
          body: ProductRequest,
          response: { 201: ProductView },
        },
      },
      async (request, reply) => {
        const { name, title = name } = request.body;
        const now = clock.now();
        // The first part of a hold's path: a product of that name could not be told from it.
        if (name === 'hold') throw new ServerError('invalid-input', 'hold is not a product name', { path: '/name' });
        if (!(await insertProduct(db, name, title, now)))
          throw new ServerError('conflict', `${name} exists already`, { path: '/name' });
        return reply.code(201).send({ name, title, createdAt: now.toISOString() });
      },
    );

    app.get(
      '/products',
      {
        schema: {
          operationId: 'listProducts',
          summary: 'Product lines, by name',
          tags: ['fleet'],
          querystring: closed(pageQuery),
          response: { 200: page(ProductView) },
        },
      },
      request =>
        pageOf(
          request.query,
          p => p.name,
          (after, limit) => listProducts(db, after, limit),
        ),
    );

    app.post(
      '/claim-tokens',
      {
        schema: {
          operationId: 'createClaimTokens',
          summary: 'Claim tokens for enrolment, shown once',
          tags: ['fleet'],
          problems: ['not-found'],
          body: ClaimTokensRequest,
          response: { 201: ClaimTokensAnswer },
        },
      },
      async (request, reply) => {
        const { product, count, expiresInSeconds = CLAIM_SECONDS, group = null } = request.body;
        if (!(await productExists(db, product))) {
          throw new ServerError('not-found', `there is no product ${product}`, { path: '/product' });
        }
        const now = clock.now();
        const expiresAt = new Date(now.getTime() + expiresInSeconds * 1000);
        const tokens = Array.from({ length: count }, () => randomBytes(32).toString('base64url'));
        await insertClaimTokens(
          db,
          tokens.map(t => hash('sha256', t, 'buffer')),
          { product, group, expiresAt },
          now,
        );
        return reply.code(201).header('Cache-Control', 'no-store').send({ tokens, expiresAt: expiresAt.toISOString() });
      },
    );
  };
}

export function deviceRoutes({ db, clock, log }: Deps): FastifyPluginAsync {
  return async plain => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const listSchema = {
      operationId: 'listDevices',
      summary: 'Devices, by id',
      tags: ['fleet'],
      problems: ['filter-invalid'] as const,
      querystring: DevicesQuery,
      response: { 200: page(DeviceView) },
    };
    app.get('/devices', { schema: listSchema }, request => {
      const { seenBefore, seenAfter, ...rest } = request.query;
      const choice = {
        ...rest,
        now: clock.now(),
        ...(seenBefore !== undefined && { seenBefore: existingTime(seenBefore, '/seenBefore') }),
        ...(seenAfter !== undefined && { seenAfter: existingTime(seenAfter, '/seenAfter') }),
      };
      return pageOf(
        request.query,
        d => d.id,
        (after, limit) => listDevices(db, choice, after, limit),
      );
    });

    const oneSchema = {
      operationId: 'getDevice',
      summary: 'A device',
      tags: ['fleet'],
      problems: ['not-found'] as const,
      params: ById,
      response: { 200: DeviceView },
    };
    app.get('/devices/:id', { schema: oneSchema }, async request => {
      const device = await findDeviceView(db, request.params.id);
      if (!device) throw new ServerError('not-found', 'there is no such device');
      return device;
    });

    app.get(
      '/devices/:id/reports',
      {
        schema: {
          operationId: 'listReports',
          summary: 'What a device reported lately, newest first',
          tags: ['fleet'],
          params: ById,
          response: { 200: page(ReportView) },
        },
      },
      async request => ({
        items: await listReports(db, request.params.id, REPORTS_SHOWN),
        next: null,
      }),
    );

    app.get(
      '/devices/:id/history',
      {
        schema: {
          operationId: 'listDeviceHistory',
          summary: 'All that happened with a device, newest first',
          tags: ['fleet'],
          problems: ['not-found'],
          params: ById,
          querystring: closed(pageQuery),
          response: { 200: page(DeviceEvent) },
        },
      },
      async request => {
        const { id } = request.params;
        const { items, next } = await pageOf(
          request.query,
          (placed: PlacedEvent) => placed.place,
          async (after, limit) => listEvents(db, id, after === '' ? undefined : existingPlace(after), limit),
        );
        // Every device has at least its enrolment.
        if (items.length === 0 && request.query.after === undefined) {
          throw new ServerError('not-found', 'there is no such device');
        }
        return { items: items.map(placed => placed.event), next };
      },
    );

    const revokeSchema = {
      operationId: 'revokeDevice',
      summary: 'Let a device in no more',
      tags: ['fleet'],
      description: 'Tokens that it has end within about a second. May be asked again.',
      problems: ['not-found'] as const,
      params: ById,
      response: { 200: DeviceView },
    };
    app.post('/devices/:id/revoke', { schema: revokeSchema }, async request => {
      const { id } = request.params;
      await revokeDevice(db, id, clock.now());
      const device = await findDeviceView(db, id);
      if (!device) throw new ServerError('not-found', 'there is no such device');
      log.warn({ deviceId: id, by: request.operator.id }, 'a device was revoked');
      return device;
    });

    app.delete(
      '/devices/:id/alarms/:alarm',
      {
        schema: {
          operationId: 'clearAlarm',
          summary: 'Clear an alarm of a device',
          tags: ['fleet'],
          problems: ['not-found'],
          params: AlarmOfDevice,
          response: { 200: DeviceView },
        },
      },
      async request => {
        const { id, alarm } = request.params;
        const cleared = await clearAlarm(db, id, alarm);
        const device = cleared ? await findDeviceView(db, id) : undefined;
        if (!device) throw new ServerError('not-found', 'there is no such alarm');
        log.info({ deviceId: id, alarm, by: request.operator.id }, 'an alarm was cleared');
        return device;
      },
    );
  };
}

function existingTime(text: string, path: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new ServerError('invalid-input', `«${text}» is no existing time`, { path });
  return time;
}

function existingPlace(after: string): { at: Date; tie: string } {
  const place = parsePlace(after);
  if (!place) throw new ServerError('invalid-input', 'after is the next of a page of this history', { path: '/after' });
  return place;
}
