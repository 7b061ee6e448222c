/** Each listener's OpenAPI document: all of its routes are in it, each with what a reader needs, and what it says is so. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { PROBLEM_MEDIA_TYPE, type Problem, PROBLEMS } from '@tidegate/protocol';
import {
  documented,
  type OpenapiDocument,
  type OpenapiMedia,
  type OpenapiOperation,
  schemaFault,
  type TestApp,
  testApp,
} from '@tidegate/server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routesOf } from './listener-routes.ts';

interface Operation extends OpenapiOperation {
  /** `GET /path/{id}`. */
  readonly name: string;
}

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
  await app.apps.device.ready();
  await app.apps.admin.ready();
});
afterAll(() => app.close());

describe.each(['device', 'admin'] as const)('the document of the %s listener', listener => {
  let document: OpenapiDocument & { tags: { name: string }[] };
  let operations: Operation[];
  beforeAll(async () => {
    document = (await app[listener]('GET', '//openapi.json')).json as typeof document;
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ ...operation, name: `${method.toUpperCase()} ${path}` })),
    );
  });

  test('is valid OpenAPI 3.1', async () => {
    const verdict = await new Validator().validate(structuredClone(document) as never);
    expect(verdict.errors ?? []).toEqual([]);
    expect(document).toMatchObject({ openapi: '3.1.0' });
  });

  test('has every route of the listener, and no other', () => {
    const routes = routesOf(app.apps[listener])
      .filter(({ method, path }) => method !== 'HEAD' && !path.startsWith('/docs'))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}').replace('/*', WILDCARD)}`);
    expect(operations.map(o => o.name).toSorted()).toEqual(routes.toSorted());
  });

  test('names, sums up and sorts each operation', () => {
    const tags = document.tags.map(tag => tag.name);
    const lacks = operations.flatMap(({ name, operationId, summary, tags: own = [] }) => [
      ...(operationId === undefined ? [`${name}: no schema.operationId`] : []),
      ...(summary === undefined ? [`${name}: no schema.summary`] : []),
      ...(own.length === 1 && tags.includes(own[0] ?? '') ? [] : [`${name}: schema.tags is not one of ${tags.join()}`]),
    ]);
    expect(lacks).toEqual([]);
    const ids = operations.map(o => o.operationId);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  });

  test('has for each operation an answer that is no refusal, and gives an example of all JSON', () => {
    const lacks = operations.flatMap(operation => [
      ...(Object.keys(operation.responses).some(s => Number(s) < 400) ? [] : [`${operation.name}: no schema.response`]),
      ...mediaOf(operation)
        .filter(({ type, media }) => type.includes('json') && examplesOf(media).length === 0)
        .map(({ at }) => `${at}: no example; name its schema in packages/server/src/openapi/examples.ts`),
    ]);
    expect(lacks).toEqual([]);
  });

  test('has no example that its own schema refuses', () => {
    const faults = operations.flatMap(mediaOf).flatMap(({ at, media }) =>
      examplesOf(media).flatMap(example => {
        const fault = schemaFault(document, media.schema)(example);
        return fault === undefined ? [] : [`${at}: ${fault}`];
      }),
    );
    expect(faults).toEqual([]);
  });

  test('tells for each operation the codes that it refuses with, each under its own status', () => {
    for (const { name, responses } of operations) {
      const problems = Object.entries(responses).flatMap(([status, { content }]) =>
        examplesOf(content?.[PROBLEM_MEDIA_TYPE]).map(problem => ({ ...(problem as Problem), under: Number(status) })),
      );
      expect([name, problems.map(p => p.code)]).toEqual([name, expect.arrayContaining(['internal', 'unavailable'])]);
      for (const { code, status, under } of problems)
        expect([name, code, status, under]).toEqual([name, code, PROBLEMS[code], PROBLEMS[code]]);
    }
  });

  test('is fetched once, and again only when it has changed', async () => {
    const { headers } = await app[listener]('GET', '//openapi.json');
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=300',
    });
    const again = await app[listener]('GET', '//openapi.json', {
      headers: { 'if-none-match': String(headers['etag']) },
    });
    expect([again.status, again.bytes.length]).toEqual([304, 0]);
    const other = await app[listener]('GET', '//openapi.json', { headers: { 'if-none-match': '"another"' } });
    expect(other.status).toBe(200);
  });
});

const WILDCARD = '/{product}/{channel}/{component}/{version}/{file}';

function mediaOf({ name, requestBody, responses }: Operation): { at: string; type: string; media: OpenapiMedia }[] {
  const bodies = [
    { at: `${name}: body`, content: requestBody?.content },
    ...Object.entries(responses).map(([status, { content }]) => ({ at: `${name}: ${status}`, content })),
  ];
  return bodies.flatMap(({ at, content = {} }) =>
    Object.entries(content).map(([type, media]) => ({ at, type, media })),
  );
}

function examplesOf(media: OpenapiMedia | undefined): unknown[] {
  return [media?.example, ...Object.values(media?.examples ?? {}).map(e => e.value)].filter(e => e !== undefined);
}

test('says who may call by what is enforced: the roles and tokens are those of the hooks', async () => {
  const admin = (await app.admin('GET', '//openapi.json')).json as OpenapiDocument;
  const device = (await app.device('GET', '//openapi.json')).json as OpenapiDocument;
  expect(admin.paths['/api/admin/v1/tokens']?.['post']).toMatchObject({ security: [{ apiToken: ['admin'] }] });
  expect(admin.paths['/api/admin/v1/rollouts']?.['get']).toMatchObject({ security: [{ apiToken: ['viewer'] }] });
  expect(admin.paths['/api/admin/v1/rollouts']?.['post']).toMatchObject({ security: [{ apiToken: ['operator'] }] });
  expect(device.paths['/api/device/v1/check-in']?.['post']).toMatchObject({ security: [{ deviceToken: [] }] });
  expect(device.paths['/api/device/v1/enrol']?.['post']).toMatchObject({ security: [] });
});

test('is held against every answer that a test sees: a code, a status or a field that it does not have is told', async () => {
  const check = documented((await app.admin('GET', '//openapi.json')).json as OpenapiDocument);
  const answer = {
    method: 'POST',
    path: '/api/admin/v1/products?x=1',
    mediaType: 'application/problem+json; charset=utf-8',
  };
  const problem = (code: keyof typeof PROBLEMS) => ({ type: 'about:blank', title: code, status: PROBLEMS[code], code });
  expect(() => check({ ...answer, status: 409, json: problem('conflict') })).not.toThrow();
  expect(() => check({ ...answer, status: 409, json: problem('rollout-conflict') })).toThrow(
    /where \/code must be equal/,
  );
  expect(() => check({ ...answer, status: 418, json: problem('conflict') })).toThrow(/answered 418/);
  expect(() => check({ ...answer, status: 201, json: { name: 'gw2' } })).toThrow(
    /answered 201 as application\/problem/,
  );
  const made = { ...answer, status: 201, mediaType: 'application/json' };
  expect(() => check({ ...made, json: { name: 'gw2', title: 'Gateway' } })).toThrow(/properties createdAt/);
});
