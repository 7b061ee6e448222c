/** What a build has submitted, as the people whose signatures it wants see it and sign it. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { payloadText } from '../edit/payload.ts';
import type { TestService } from '../submit/test-service.ts';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';
import { type TestBuild, testBuild, waiting } from './test-build.ts';

let made: TestRepository;
let service: TestService;
let image: string;
let root: string;
let cli: TestBuild['cli'];
let ciSign: TestBuild['ciSign'];
beforeEach(async () => {
  ({ made, service, image, root, cli, ciSign } = await testBuild());
});
afterEach(() => service[Symbol.asyncDispose]());

describe('a person’s side', () => {
  let id: string;
  beforeEach(async () => {
    service.becomes = waiting;
    await ciSign('--channel', 'stable');
    id = [...service.views.keys()][0] ?? '';
    await made.repo.addRelease(release(image, { version: '1.4.0' }));
    service.payload = Buffer.from(payloadText(await made.repo.exportPayload('p-gw2-stable')));
    service.becomes = () => ({ state: 'published', missing: 0 });
  });
  const sign = (...more: string[]) => {
    const where = `--submission ${id} --service ${service.url} --trusted-root ${root}`;
    const here = `--key file:${made.keys.a.path} --repo ${made.dir}/none --keys ${join(made.dir, '..')}`;
    return cli(['sign', ...`${where} ${here}`.split(' '), ...more]);
  };

  test('sees what waits, and whose signature is missing', async () => {
    const token = await made.image('reader.token', 'a-reader\n');
    const seen = await cli(['pending', '--service', service.url, '--token-file', token]);
    expect(seen.code).toBe(0);
    expect(seen.out).toMatch(new RegExp(`${id}  p-gw2-stable  2 +1 +ada`));
  });

  test('is shown what changes before signing, and the signature goes to the service', async () => {
    const ended = await sign();
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toContain('gw2/stable/rootfs/1.4.0/rootfs.img');
    expect(ended.out).toContain('Signed p-gw2-stable version 2; it is published.');
    expect(service.signatures).toEqual([
      expect.objectContaining({ format: 'tidegate-signature-1', role: 'p-gw2-stable', keyid: made.keys.a.keyid }),
    ]);
  });

  test('who says no signs nothing', async () => {
    const args = ['--submission', id, '--service', service.url, '--trusted-root', root];
    const ended = await cli(['sign', ...args, '--key', `file:${made.keys.a.path}`], [false]);
    expect(ended).toMatchObject({ code: 2 });
    expect(service.signatures).toEqual([]);
  });

  test('a service that shows lists of roots of its own gets no signature', async () => {
    const strange = await signedRepository();
    const ended = await sign('--trusted-root', join(strange.dir, 'metadata', '1.root.json'));
    expect(ended).toMatchObject({ code: 4 });
    expect(service.signatures).toEqual([]);
  });

  test('a root that is trusted must be named, since the service could show roots of its own', async () => {
    const ended = await cli(['sign', '--submission', id, '--service', service.url, '--key', 'a']);
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining('--trusted-root') });
  });
});
