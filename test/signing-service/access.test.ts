/** Who may submit: tokens of an OpenID provider by claims, or a role's own signature; and what is refused, with its code. */
import { createHmac, hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SubmissionView } from '@tidegate/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runToEnd } from '../src/child.ts';
import { until } from '../src/until.ts';
import { type Maker, openMaker, ServiceClient, type ServiceProcess, SIGNER_CLI, startServiceProcess } from './maker.ts';
import { AUDIENCE, type OidcProvider, startOidcProvider } from './oidc-provider.ts';

const OURS = { repository: 'acme/gw2', ref: 'refs/heads/main', environment: 'release' };
const READER = 'a reader of a test';

let maker: Maker;
let provider: OidcProvider;
let service: ServiceProcess;
let built: Awaited<ReturnType<Maker['build']>>;

beforeAll(async () => {
  maker = await openMaker();
  provider = await startOidcProvider();
  const config = await maker.configure({
    issuers: [{ issuer: provider.issuer, audience: AUDIENCE }],
    rules: [
      {
        issuer: provider.issuer,
        claims: { ...OURS, ref: ['refs/heads/main', 'refs/tags/v*'] },
        product: 'gw2',
        channel: 'beta',
      },
    ],
    bySignature: ['p-gw2-stable'],
    readers: [{ name: 'grace', tokenSha256: hash('sha256', READER.replaceAll(' ', '-'), 'hex') }],
  });
  service = await startServiceProcess(maker, config, { DATABASE_URL: maker.databaseUrl });
  await new ServiceClient(service.url).active();
  built = await maker.build({ version: '1.0.0', bytes: 'an image' });
});
afterAll(async () => {
  await service?.child.stop();
  await provider?.[Symbol.asyncDispose]();
  await maker?.[Symbol.asyncDispose]();
});

const as = (token?: string) => new ServiceClient(service.url, token);
const refusalOf = async (token?: string, request = built.request) => {
  const { status, body } = await as(token).open(request);
  return [status, body.code];
};
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('takes no token of another project, branch, environment, audience or time', async () => {
  const now = Math.floor(Date.now() / 1000);
  const { token } = provider;
  expect(await refusalOf(await token({ ...OURS, repository: 'evil/gw2' }))).toEqual([403, 'policy-refused']);
  expect(await refusalOf(await token({ ...OURS, ref: 'refs/heads/feature' }))).toEqual([403, 'policy-refused']);
  expect(await refusalOf(await token({ ...OURS, ref: 'refs/heads/refs/tags/v1' }))).toEqual([403, 'policy-refused']);
  expect(await refusalOf(await token({ repository: 'acme/gw2', ref: 'refs/heads/main' }))).toEqual([
    403,
    'policy-refused',
  ]);
  expect(await refusalOf(await token({ ...OURS, repository: ['acme/gw2'] }))).toEqual([403, 'policy-refused']);
  expect(await refusalOf(await token(OURS, { audience: 'https://other.example' }))).toEqual([401, 'unauthenticated']);
  expect(await refusalOf(await token(OURS, { issuedAt: now - 900, expires: now - 600 }))).toEqual([
    401,
    'token-expired',
  ]);
  expect(await refusalOf(await token(OURS, { issuedAt: now - 86_400, expires: now + 900 }))).toEqual([
    401,
    'token-expired',
  ]);
  const stable = await maker.build({ version: '1.0.0', bytes: 'an image', channel: 'stable' });
  expect(await refusalOf(await token(OURS), stable.request)).toEqual([403, 'policy-refused']);
});

test('takes no forged token: without an algorithm, by the public key as a secret, by another issuer’s key', async () => {
  const now = Math.floor(Date.now() / 1000);
  const claims = part({ iss: provider.issuer, aud: AUDIENCE, sub: 'x', iat: now, exp: now + 300, ...OURS });
  expect(await refusalOf(`${part({ alg: 'none' })}.${claims}.`)).toEqual([401, 'unauthenticated']);
  const confused = `${part({ alg: 'HS256', kid: 'key-1' })}.${claims}`;
  const mac = createHmac('sha256', provider.publicText()).update(confused).digest('base64url');
  expect(await refusalOf(`${confused}.${mac}`)).toEqual([401, 'unauthenticated']);
  await using other = await startOidcProvider();
  expect(await refusalOf(await other.token(OURS))).toEqual([401, 'unauthenticated']);
  const [, , foreign = ''] = (await other.token(OURS)).split('.');
  const [head = '', payload = ''] = (await provider.token(OURS)).split('.');
  expect(await refusalOf(`${head}.${payload}.${foreign}`)).toEqual([401, 'unauthenticated']);
  expect(await refusalOf('x'.repeat(17_000))).not.toEqual([200, undefined]);
});

test('takes lists without a token for those roles only that the policy opens to it, and reads only with one', async () => {
  expect(await refusalOf()).toEqual([401, 'unauthenticated']);
  expect(await as().ask('GET', '/submissions')).toMatchObject({ status: 401 });
  expect(await refusalOf(READER.replaceAll(' ', '-'))).toEqual([403, 'policy-refused']);
  const shown = await as(READER.replaceAll(' ', '-')).ask<{ items: SubmissionView[] }>(
    'GET',
    '/submissions?state=waiting',
  );
  expect(shown).toMatchObject({ status: 200, body: { items: [], next: null } });
});

test('refuses a list without a valid signature of its role, a stale one, and one that breaks the rules', async () => {
  const token = await provider.token(OURS);
  const strange = JSON.parse(Buffer.from(built.request.list, 'base64').toString()) as { signatures: { sig: string }[] };
  const file = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64');
  const unsigned = { ...built.request, list: file({ ...strange, signatures: [] }) };
  expect(await refusalOf(token, unsigned)).toEqual([403, 'key-not-in-role']);
  const broken = { ...strange, signatures: strange.signatures.map(s => ({ ...s, sig: s.sig.replace(/..$/, '00') })) };
  expect(await refusalOf(token, { ...built.request, list: file(broken) })).toEqual([401, 'signature-invalid']);
  expect(await refusalOf(token, { ...built.request, baseVersion: 7 })).toEqual([409, 'draft-stale']);
  expect(await refusalOf(token, { ...built.request, list: file({ a: 1 }) })).toEqual([422, 'list-refused']);
});

test('takes a submission whole or not at all: a truncated, longer, other or unasked upload changes nothing', async () => {
  const client = as(await provider.token(OURS));
  const { id, artifactsMissing } = (await client.open(built.request)).body;
  expect(artifactsMissing).toEqual([{ sha256: built.sha256, lengthBytes: built.bytes.length }]);
  const path = `/submissions/${id}/artifacts`;
  const put = async (bytes: string, name = built.sha256) =>
    (await client.ask('PUT', `${path}/${name}`, Buffer.from(bytes))).body.code;
  expect(await put('an ima')).toBe('length-mismatch');
  expect(await put('an image, longer')).toBe('length-mismatch');
  expect(await put('an imagX')).toBe('hash-mismatch');
  expect(await put('an image', '0'.repeat(64))).toBe('artifact-unexpected');
  expect((await client.ask('POST', `/submissions/${id}/submit`)).body.code).toBe('publication-incomplete');
  expect(await put('an image')).toBe(undefined);
  await client.ask('POST', `/submissions/${id}/submit`);
  expect(await client.settled(id)).toMatchObject({
    state: 'published',
    submittedBy: { by: 'token', issuer: provider.issuer },
  });
});

test('follows its provider to new keys, and takes none of the old ones after', async () => {
  const before = await provider.token(OURS);
  await provider.rotate();
  const next = await maker.build({ version: '1.1.0', bytes: 'the next' });
  // Unknown keys are asked for again after a pause, so that nobody can make it ask without end.
  const token = await provider.token({ ...OURS, ref: 'refs/tags/v1.1.0' });
  await until('the new keys to be known', async () =>
    (await as(token).open(next.request)).status === 200 ? true : undefined,
  );
  expect(await refusalOf(before, next.request)).toEqual([401, 'unauthenticated']);
  expect(provider.asked()).toBeLessThan(5);
});

test('has each refusal in its audit log, tells of it in figures, and writes no token anywhere', async () => {
  const audit = await readFile(join(maker.repositoryDir, 'service', 'audit.jsonl'), 'utf8');
  for (const code of ['policy-refused', 'unauthenticated', 'hash-mismatch', 'draft-stale'])
    expect(audit).toContain(`"${code}"`);
  const log = await readFile(join(maker.dir, 'service.log'), 'utf8');
  expect(audit + log).not.toMatch(/eyJ[A-Za-z0-9_-]{10}/);
  const figures = await (await fetch(`${service.url}/metrics`)).text();
  expect(figures).toMatch(/tidegate_signer_refusals_total\{code="policy-refused"\} [1-9]/);
  expect(figures).toMatch(/tidegate_signer_role_expires_seconds\{role="timestamp"\} \d{10}/);
  expect(await (await fetch(`${service.url}/healthz`)).json()).toMatchObject({
    status: 'ok',
    trouble: null,
    expiring: [],
  });
  const { code } = await runToEnd([SIGNER_CLI, 'audit', 'verify', '--repo', maker.repositoryDir]);
  expect(code).toBe(0);
});

test('the alert rules name figures and codes that the service has', async () => {
  const file = new URL('../../infra/prometheus/signing-alerts.yaml', import.meta.url);
  const { groups } = parse(await readFile(file, 'utf8')) as {
    groups: readonly { rules: readonly { alert: string; expr: string }[] }[];
  };
  const expressions = groups.flatMap(g => g.rules.map(r => r.expr));
  const figures = await (await fetch(`${service.url}/metrics`)).text();
  const there = new Set([...figures.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
  const named = expressions.flatMap(expr => expr.match(/\btidegate_\w+/g) ?? []);
  expect(named.length).toBeGreaterThanOrEqual(expressions.length);
  expect(named.filter(name => !there.has(name))).toEqual([]);
  const codes = expressions.flatMap(expr => /code=~"([^"]+)"/.exec(expr)?.[1]?.split('|') ?? []);
  expect(codes.length).toBeGreaterThan(0);
  for (const code of codes) expect(figures).toContain(`refusals_total{code="${code}"}`);
});
