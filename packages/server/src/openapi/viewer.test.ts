import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestApp, testApp } from '../testing/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});
afterAll(() => app.close());

it('runs no script but its own files, and may be put into no other page', async () => {
  for (const path of ['//docs', '//docs/', '//docs/static/swagger-initializer.js']) {
    const { status, headers, bytes } = await app.admin('GET', path);
    expect([path, status]).toEqual([path, 200]);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(bytes.toString()).not.toMatch(/<script(?! src="(\/docs|\.)\/static\/)/);
  }
});

it('sends nothing, and asks for no token', async () => {
  const script = (await app.device('GET', '//docs/static/swagger-initializer.js')).bytes.toString();
  expect(script).toContain('"supportedSubmitMethods":[]');
  expect(script).toContain('"validatorUrl":null');
  const style = (await app.device('GET', '//docs/static/theme/reader.css')).bytes.toString();
  expect(style).toMatch(/authorization__btn \{ display: none/);
});

it('reads the one document of its listener', async () => {
  const { status, headers } = await app.device('GET', '//docs/json');
  expect([status, headers['location']]).toEqual([308, '../openapi.json']);
  expect((await app.device('GET', '//docs/yaml')).status).toBe(404);
});

it('serves no file but its own', async () => {
  for (const path of ['../package.json', '..%2f..%2fpackage.json', '%2e%2e/%2e%2e/index.js', 'theme/../../index.js']) {
    const answer = await app.device('GET', `//docs/static/${path}`);
    expect([path, answer.status]).toEqual([path, expect.toSatisfy((s: number) => [403, 404].includes(s))]);
    expect(String(answer.headers['content-type'])).toContain('application/problem+json');
  }
});
