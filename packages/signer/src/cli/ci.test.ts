/** A build that lists, signs and submits its release by one command, and what may come between. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem, type TestService } from '../submit/test-service.ts';
import { PASSPHRASE, release, signedRepository, type TestRepository } from '../test-repository.ts';
import { type TestBuild, testBuild, waiting } from './test-build.ts';
import type { Printed } from './test-program.ts';

let made: TestRepository;
let service: TestService;
let image: string;
let env: TestBuild['env'];
let ciSign: TestBuild['ciSign'];
beforeEach(async () => {
  ({ made, service, image, env, ciSign } = await testBuild());
});
afterEach(() => service[Symbol.asyncDispose]());

const result = ({ out }: Printed) => JSON.parse(out) as Record<string, unknown>;

describe('ci sign', () => {
  test('lists, signs, uploads and submits by one command, and prints one JSON object', async () => {
    const ended = await ciSign();
    expect(ended).toMatchObject({
      code: 0,
      err: expect.stringContaining('Published gw2/beta/rootfs/1.4.0/rootfs.img'),
    });
    const [view] = service.views.values();
    const [[sha256, bytes] = []] = service.artifacts;
    expect(bytes?.toString()).toBe('the bits');
    expect(result(ended)).toEqual({
      role: 'p-gw2-beta',
      version: 2,
      path: 'gw2/beta/rootfs/1.4.0/rootfs.img',
      sha256,
      counter: 1,
      pending: { missing: 0, of: 1 },
      state: 'published',
      submission: view?.id,
    });
    expect(service.requests).toEqual(['POST ', 'PUT ID/artifacts', 'POST ID/submit']);
    expect(service.tokens).toEqual([undefined]);
  });

  test('exits with 3 where a signature of a person is missing, and so again when the same build runs again', async () => {
    service.becomes = waiting;
    const first = await ciSign();
    expect(first).toMatchObject({ code: 3, err: expect.stringMatching(/1 more of 2 signatures \(ada\)/) });
    expect(result(first)).toMatchObject({ state: 'waiting', pending: { missing: 1, of: 2 } });
    const again = await ciSign();
    expect(again).toMatchObject({ code: 3, out: first.out });
    expect(service.views.size).toBe(1);
    expect(service.requests.filter(r => r.startsWith('PUT'))).toHaveLength(1);
  });

  test('goes on where a run before was cut off, without sending again what is there', async () => {
    service.fault = (what, response) => {
      if (what !== 'POST ID/submit') return false;
      response.destroy();
      return true;
    };
    expect(await ciSign()).toMatchObject({ code: 14, out: '', err: expect.stringContaining('[network]') });
    service.fault = undefined;
    expect(await ciSign()).toMatchObject({ code: 0 });
    expect(service.views.size).toBe(1);
    expect(service.requests.filter(r => r.startsWith('PUT'))).toHaveLength(1);
  });

  test('exits with 0 and changes nothing where the release is listed already', async () => {
    await made.repo.addRelease(release(image, { channel: 'beta', version: '1.4.0' }));
    await made.repo.sign('p-gw2-beta', made.keys.ci.signer);
    await made.repo.refreshOnline({ snapshot: made.keys.snap.signer, timestamp: made.keys.time.signer });
    const ended = await ciSign();
    expect(ended).toMatchObject({ code: 0 });
    expect(result(ended)).toMatchObject({ state: 'published', version: 2, submission: null });
    expect(service.views.size).toBe(0);
  });

  test('says that its list is not out yet while the service publishes it, and finds it again', async () => {
    service.becomes = () => ({ state: 'publishing' });
    const first = await ciSign('--wait', '1');
    expect(first).toMatchObject({ code: 10, err: expect.stringContaining('[publication-pending]') });
    expect(result(first)).toMatchObject({ state: 'publishing' });
    const [view] = service.views.values();
    // The service signed and serves the list; only the server has not got it yet.
    await made.repo.addRelease(release(image, { channel: 'beta', version: '1.4.0', disruption: 'none' }));
    await made.repo.sign('p-gw2-beta', made.keys.ci.signer);
    await made.repo.refreshOnline({ snapshot: made.keys.snap.signer, timestamp: made.keys.time.signer });
    const again = await ciSign('--wait', '1');
    expect(again.code).toBe(10);
    expect(result(again)).toMatchObject({ state: 'publishing', submission: view?.id });
    if (view) view.state = 'published';
    expect(await ciSign()).toMatchObject({ code: 0 });
  });

  test('starts over where the list moved meanwhile, but not for ever', async () => {
    let left = 2;
    service.fault = (what, response) => {
      if (what !== 'POST ' || left-- <= 0) return false;
      problem(response, 'draft-stale');
      return true;
    };
    expect(await ciSign()).toMatchObject({ code: 0 });
    left = 100;
    service.views.clear();
    expect(await ciSign('--counter', '7')).toMatchObject({
      code: 7,
      out: '',
      err: expect.stringContaining('moved 8 times'),
    });
  });

  test('takes the next counter where a list that it cannot see has taken one, but never another than it was told', async () => {
    let taken = 2;
    service.fault = (what, response) => {
      if (what !== 'POST ' || taken-- <= 0) return false;
      problem(response, 'list-refused', 'counter-fixed: app 2.0.0 has counter 1, but 1.4.0 has 1.');
      return true;
    };
    const ended = await ciSign();
    expect(ended.code).toBe(0);
    expect(result(ended)).toMatchObject({ counter: 3 });
    taken = 1;
    expect(await ciSign('--counter', '1', '--version', '1.5.0')).toMatchObject({ code: 1, out: '' });
  });

  test('a list that waits in the way exits with 7; with --replace-waiting and a token, it is replaced', async () => {
    env['TIDEGATE_ID_TOKEN'] = 'a.b.c';
    service.becomes = waiting;
    await ciSign();
    const later = ['--version', '1.4.1'];
    expect(await ciSign(...later)).toMatchObject({ code: 7, err: expect.stringContaining('[submission-waiting]') });
    expect(await ciSign(...later, '--replace-waiting')).toMatchObject({ code: 3 });
    expect([...service.views.values()].map(v => v.state)).toEqual(['superseded', 'waiting']);
    expect(await ciSign()).toMatchObject({ code: 7, err: expect.stringContaining('took the place') });
  });

  test('a build that is run again after a person dropped its draft opens another submission', async () => {
    service.becomes = () => ({ state: 'refused', refusal: { code: 'threshold-not-met', detail: 'Nobody signed it.' } });
    expect(await ciSign()).toMatchObject({ code: 3, out: '', err: expect.stringContaining('Nobody signed it.') });
    service.becomes = waiting;
    expect(await ciSign()).toMatchObject({ code: 3, err: expect.stringContaining('[threshold-not-met]') });
    expect([...service.views.values()].map(v => v.state)).toEqual(['refused', 'waiting']);
  });

  test.each([
    ['unauthenticated', 13, 'token-invalid'],
    ['token-expired', 13, 'token-expired'],
    ['policy-refused', 13, 'policy-refused'],
    ['key-not-in-role', 8, 'key-not-in-role'],
    ['disk-full', 12, 'disk-full'],
    ['unavailable', 10, 'not-active'],
    ['internal', 1, 'server-refused'],
  ] as const)('the service’s %s exits with %i', async (code, exit, error) => {
    service.fault = (_what, response) => {
      problem(response, code);
      return true;
    };
    expect(await ciSign()).toMatchObject({ code: exit, out: '', err: expect.stringContaining(`[${error}]`) });
  });

  test('an upload that breaks off exits with 14, keeps nothing half, and the same command goes on', async () => {
    service.fault = (what, response) => {
      if (what !== 'PUT ID/artifacts') return false;
      response.destroy();
      return true;
    };
    expect(await ciSign()).toMatchObject({ code: 14, out: '', err: expect.stringContaining('[network]') });
    expect(service.artifacts.size).toBe(0);
    service.fault = undefined;
    expect(await ciSign()).toMatchObject({ code: 0 });
  });

  test('a list that the service refuses is told by the check that refused it', async () => {
    service.fault = (_what, response) => {
      problem(response, 'list-refused', 'version-reused: Version 1.4.0 is listed with other bytes.');
      return true;
    };
    expect(await ciSign()).toMatchObject({ code: 1, err: expect.stringContaining('[version-reused]') });
  });

  test('makes no list on lists that do not lead on from the pinned root', async () => {
    const strange = await signedRepository();
    const ended = await ciSign('--root', join(strange.dir, 'metadata', '1.root.json'));
    expect(ended).toMatchObject({ code: 4, out: '', err: expect.stringContaining('[verification-failed]') });
    expect(service.requests).toEqual([]);
  });

  test('a key that is not of the role signs nothing and sends nothing', async () => {
    env['FW_KEY'] = await readFile(made.keys.c.path, 'utf8');
    expect(await ciSign()).toMatchObject({ code: 8, out: '' });
    expect(service.requests).toEqual([]);
  });

  test('sends its token over no open line', async () => {
    expect(await ciSign('--service', 'http://signing.example')).toMatchObject({ code: 2 });
  });

  test('asks GitHub’s runner for a token for its audience, and tells nobody', async () => {
    const secret = randomBytes(16).toString('hex');
    const token = `${randomBytes(8).toString('hex')}.${randomBytes(8).toString('hex')}.sig`;
    const asked: string[] = [];
    const runner = createServer((request, response) => {
      asked.push(`${request.headers.authorization} ${request.url}`);
      response.end(JSON.stringify({ count: 1, value: token }));
    });
    await new Promise<void>(done => runner.listen(0, '127.0.0.1', done));
    const { port } = runner.address() as AddressInfo;
    env['ACTIONS_ID_TOKEN_REQUEST_URL'] = `http://127.0.0.1:${port}/token?api-version=2`;
    env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] = secret;
    const ended = await ciSign('--audience', 'signing of fw');
    runner.close();
    expect(asked).toEqual([`Bearer ${secret} /token?api-version=2&audience=signing+of+fw`]);
    expect(service.tokens).toEqual([`Bearer ${token}`]);
    for (const text of [secret, token, PASSPHRASE]) expect(ended.out + ended.err).not.toContain(text);
  });

  test('a runner that gives out no token exits with 13 and names the permission', async () => {
    const runner = createServer((_request, response) => response.writeHead(403).end());
    await new Promise<void>(done => runner.listen(0, '127.0.0.1', done));
    env['ACTIONS_ID_TOKEN_REQUEST_URL'] = `http://127.0.0.1:${(runner.address() as AddressInfo).port}/`;
    env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] = 'x';
    const ended = await ciSign();
    runner.close();
    expect(ended).toMatchObject({ code: 13, err: expect.stringContaining('id-token: write') });
  });

  test('what is no token never gets into a header', async () => {
    env['TIDEGATE_ID_TOKEN'] = 'a\r\nx: y';
    const ended = await ciSign();
    expect(ended).toMatchObject({ code: 13, err: expect.stringContaining('[token-invalid]') });
    expect(service.requests).toEqual([]);
  });
});
