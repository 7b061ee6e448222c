import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Answer, type TestApp, testApp } from '../testing/test-app.ts';
import { testAuthority, testDeviceCertificate } from '../testing/test-certificate.ts';

let app: TestApp;
let operator: string;
beforeAll(async () => {
  app = await testApp();
  operator = await app.apiToken('operator');
  for (const name of ['gw2', 'cam1']) await app.admin('POST', '/products', { token: operator, body: { name } });
});
afterAll(() => app.close());

const add = (certificate: string, product = 'gw2', token = operator): Promise<Answer> =>
  app.admin('POST', '/certificate-authorities', { token, body: { product, certificate } });

async function list(query = ''): Promise<unknown[]> {
  const answer = await app.admin('GET', `/certificate-authorities${query}`, { token: operator });
  return (answer.json as { items: unknown[] }).items;
}

it('registers an authority, gives the same answer to the same again, lists it, and takes it away once', async () => {
  const ca = testAuthority('Maker CA');
  const added = await add(ca.pem);
  expect(added).toMatchObject({
    status: 201,
    json: { product: 'gw2', subject: 'CN=Maker CA', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  app.clock.advance(60);
  expect(await add(ca.pem)).toMatchObject({ status: 201, json: added.json });
  expect(await list('?product=gw2')).toEqual([added.json]);
  expect(await list('?product=cam1')).toEqual([]);
  const { sha256 } = added.json as { sha256: string };
  const remove = (product: string) =>
    app.admin('DELETE', `/certificate-authorities/${product}/${sha256}`, { token: operator });
  expect(await remove('cam1')).toMatchObject({ status: 404 });
  expect(await remove('gw2')).toMatchObject({ status: 204 });
  expect(await remove('gw2')).toMatchObject({ status: 404, json: { code: 'not-found' } });
  expect(await list()).toEqual([]);
});

it('keeps the key of an authority to one product, though its certificate be another', async () => {
  const ca = testAuthority('Shared CA');
  const { sha256 } = (await add(ca.pem)).json as { sha256: string };
  expect(await add(ca.pem, 'cam1')).toMatchObject({ status: 409, json: { code: 'conflict', path: '/product' } });
  await app.admin('DELETE', `/certificate-authorities/gw2/${sha256}`, { token: operator });
  expect(await add(ca.pem, 'cam1')).toMatchObject({ status: 201 });
});

it('lets one of two products have an authority that both register at once', async () => {
  const ca = testAuthority('Contested CA');
  const answers = await Promise.all([add(ca.pem, 'gw2'), add(ca.pem, 'cam1')]);
  expect(answers.map(a => a.status).toSorted((a, b) => a - b)).toEqual([201, 409]);
});

it('refuses what is no authority, and says why', async () => {
  const ca = testAuthority('Maker CA');
  for (const text of ['x', testDeviceCertificate(ca).pem, ca.pem + ca.pem, ca.keyPem]) {
    expect(await add(text)).toMatchObject({ status: 400, json: { code: 'invalid-input', path: '/certificate' } });
  }
  expect(await add(ca.pem, 'nothing')).toMatchObject({ status: 404, json: { path: '/product' } });
  expect(await add(ca.pem, 'gw2', await app.apiToken('viewer'))).toMatchObject({ status: 403 });
});

it('asks a device that comes without TLS, or with a header in its place, for a certificate', async () => {
  const { pem } = testDeviceCertificate(testAuthority('Maker CA'));
  const headers = {
    'ssl-client-cert': encodeURIComponent(pem),
    'x-forwarded-client-cert': `Cert="${encodeURIComponent(pem)}"`,
  };
  const answer = await app.device('POST', '/enrol-certificate', { headers, body: { product: 'gw2' } });
  expect(answer).toMatchObject({ status: 401, json: { code: 'certificate-needed' } });
});
