/** The two listeners, route by route: each knows its own only, and what may be reached without a token is listed here. */
import { ADMIN_API, DEVICE_API, METADATA_BASE, TARGETS_BASE } from '@tidegate/protocol';
import { type TestApp, testApp } from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Route, routesOf } from './listener-routes.ts';

interface Listener {
  readonly url: string;
  readonly routes: readonly Route[];
}

let app: TestApp;
let device: Listener;
let admin: Listener;
beforeAll(async () => {
  app = await testApp();
  [device, admin] = await Promise.all([open(app.apps.device), open(app.apps.admin)]);
});
afterAll(() => app.close());

async function open(listener: TestApp['apps']['device']): Promise<Listener> {
  const url = await listener.listen({ host: '127.0.0.1', port: 0 });
  return { url, routes: routesOf(listener) };
}

async function statusOf(url: string, { method, path }: Route): Promise<number> {
  const filled = path.replaceAll(':id', '0'.repeat(32)).replace(/:\w+|\*/g, 'x');
  return (await fetch(`${url}${filled}`, { method })).status;
}

/** Where a listener tells of itself. */
const OF_ITSELF = ['/livez', '/readyz', '/openapi.json'];
const VIEWER = [
  '/docs',
  '/docs/',
  '/docs/json',
  '/docs/yaml',
  '/docs/*',
  '/docs/static/*',
  '/docs/static/index.html',
  '/docs/static/swagger-initializer.js',
  '/docs/static/theme/reader.css',
];
const SHARED = [...OF_ITSELF, ...VIEWER];
const named = ({ method, path }: Route) => `${method} ${path}`;
const isShared = ({ path }: Route) => SHARED.includes(path);

test('share no route but those where each tells of itself', () => {
  const [ofDevices, ofOperators] = [device.routes.map(named), admin.routes.map(named)];
  expect(ofDevices).toContain(`GET ${TARGETS_BASE}/*`);
  expect(ofOperators).toContain(`PUT ${ADMIN_API}/publications/:id/artifacts/:sha256`);
  const shared = ofDevices.filter(route => ofOperators.includes(route));
  expect(shared.toSorted()).toEqual(SHARED.flatMap(path => [`GET ${path}`, `HEAD ${path}`]).toSorted());
});

test('answer 404 to every route of the other', async () => {
  for (const [from, to] of [
    [device, admin],
    [admin, device],
  ] as const) {
    for (const route of from.routes.filter(r => !isShared(r))) {
      expect([named(route), await statusOf(to.url, route)]).toEqual([named(route), 404]);
    }
  }
});

test('let nobody in without a token but where a device has none yet, or content is public', async () => {
  const open = [
    `POST ${DEVICE_API}/enrol`,
    `POST ${DEVICE_API}/enrol-key`,
    `POST ${DEVICE_API}/enrol-certificate`,
    `POST ${DEVICE_API}/token`,
    ...[...SHARED, '/metrics', `${DEVICE_API}/nonce`, `${METADATA_BASE}/:file`, `${TARGETS_BASE}/*`].flatMap(path => [
      `GET ${path}`,
      `HEAD ${path}`,
    ]),
  ];
  for (const { url, routes } of [device, admin]) {
    for (const route of routes) {
      const isRefused = (await statusOf(url, route)) === 401;
      expect([named(route), isRefused]).toEqual([named(route), !open.includes(named(route))]);
    }
  }
});
