import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestApp, testApp, testClaimTokens, testDeviceKey } from '../testing/test-app.ts';
import { makeFirstToken } from './first-token.ts';
import { addApiToken, listApiTokens, revokeApiToken } from './operator-store.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});
afterAll(() => app.close());

it('makes one admin token at the first start, readable by its owner alone', async () => {
  await makeFirstToken(app, app.folder);
  await makeFirstToken(app, app.folder);
  const path = join(app.folder, 'admin-token');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const token = (await readFile(path, 'utf8')).trim();
  expect((await app.admin('POST', '/tokens', { token, body: { name: 'ci', role: 'releaser' } })).status).toBe(201);
  const rows = await app.db.selectFrom('api_tokens').selectAll().where('name', '=', 'first admin').execute();
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(token);
});

it('lets a revoked token in no more from the next request on, and revoking again changes nothing', async () => {
  const admin = await app.apiToken('admin');
  const made = await app.admin('POST', '/tokens', { token: admin, body: { name: 'lost', role: 'viewer' } });
  const { id, token } = made.json as { id: string; token: string };
  expect((await app.admin('GET', '/devices', { token })).status).toBe(200);
  const revoke = (who: string) => app.admin('POST', `/tokens/${id}/revoke`, { token: who });
  expect((await revoke(await app.apiToken('releaser'))).status).toBe(403);
  const first = await revoke(admin);
  expect(first).toMatchObject({ status: 200, json: { id, name: 'lost', role: 'viewer' } });
  expect((await app.admin('GET', '/devices', { token })).status).toBe(401);
  expect((await revoke(admin)).json).toEqual(first.json);
  const listed = await app.admin('GET', '/tokens?limit=1000', { token: admin });
  expect((listed.json as { items: unknown[] }).items).toContainEqual(first.json);
  expect(JSON.stringify(listed.json)).not.toContain(token);
});

it('keeps the last admin, also where two are revoked at once', async () => {
  const now = new Date();
  const active = async () => (await listApiTokens(app.db, '', 1000)).filter(t => t.role === 'admin' && !t.revokedAt);
  const [first, second] = [
    await addApiToken(app.db, { name: 'first', role: 'admin' }, now),
    await addApiToken(app.db, { name: 'second', role: 'admin' }, now),
  ];
  for (const { id } of await active()) {
    if (id !== first.id && id !== second.id) await revokeApiToken(app.db, id, now);
  }
  const both = await Promise.all([first, second].map(({ id }) => revokeApiToken(app.db, id, now)));
  expect(both.filter(outcome => outcome === 'last-admin')).toHaveLength(1);
  const [last] = await active();
  const { token } = last?.id === first.id ? first : second;
  const answer = await app.admin('POST', `/tokens/${last?.id}/revoke`, { token });
  expect(answer).toMatchObject({ status: 409, json: { code: 'conflict' } });
});

it('lets nobody in without a token that it knows', async () => {
  for (const token of [undefined, '', 'tgat_guessed', 'Bearer']) {
    for (const path of ['/devices', '/products', '/releases', '/rollouts', '/publications/x']) {
      expect((await app.admin('GET', path, { token })).status).toBe(401);
    }
  }
});

it('gives each role what it is for, and no more', async () => {
  const asks = {
    viewer: ['GET', '/devices', {}],
    operator: ['POST', '/products', {}],
    releaser: ['POST', '/publications', {}],
    admin: ['POST', '/tokens', {}],
  } as const;
  const roles = ['viewer', 'operator', 'releaser', 'admin'] as const;
  for (const [has, role] of roles.entries()) {
    const token = await app.apiToken(role);
    for (const [needs, needed] of roles.entries()) {
      const [method, path, body] = asks[needed];
      const { status } = await app.admin(method, path, { token, ...(method === 'GET' ? {} : { body }) });
      // 400: they may, but the body is empty.
      expect([role, needed, status]).toEqual([role, needed, has < needs ? 403 : method === 'GET' ? 200 : 400]);
    }
  }
});

it('pages through the devices of a product, each once', async () => {
  const tokens = await testClaimTokens(app, 5);
  const [other = ''] = await testClaimTokens(app, 1, 'gw3');
  for (const claim of [...tokens, other])
    await app.device('POST', '/enrol', { body: testDeviceKey().enrolment(claim) });
  const token = await app.apiToken('viewer');
  const seen: string[] = [];
  let next: string | null = '';
  while (next !== null) {
    const answer = await app.admin('GET', `/devices?product=gw2&limit=2&after=${next}`, { token });
    const page = answer.json as { items: { id: string; product: string }[]; next: string | null };
    expect(page.items.every(d => d.product === 'gw2')).toBe(true);
    seen.push(...page.items.map(d => d.id));
    next = page.next;
  }
  expect(seen).toHaveLength(5);
  expect(new Set(seen).size).toBe(5);
  expect(await app.admin('GET', `/devices/${seen[0]}`, { token })).toMatchObject({
    status: 200,
    json: { id: seen[0] },
  });
  expect((await app.admin('GET', `/devices/${'0'.repeat(32)}`, { token })).status).toBe(404);
});

it('refuses a product twice, and claim tokens for one that is not there', async () => {
  const token = await app.apiToken('operator');
  await app.admin('POST', '/products', { token, body: { name: 'twice' } });
  expect((await app.admin('POST', '/products', { token, body: { name: 'twice' } })).status).toBe(409);
  expect((await app.admin('POST', '/products', { token, body: { name: 'hold' } })).status).toBe(400);
  const answer = await app.admin('POST', '/claim-tokens', { token, body: { product: 'nope', count: 1 } });
  expect(answer).toMatchObject({ status: 404, json: { path: '/product' } });
});
