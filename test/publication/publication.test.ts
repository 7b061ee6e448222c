/** A good publication: visible as one, asked for twice or by two at once, and what content and releases show of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StatusView } from '@tidegate/protocol';
import { UNHURRIED } from '@tidegate/server';
import { type RepoSim, sha256 } from '@tidegate/test';
import { committed, problem, type Publisher, publisherFor, stillRepo } from './publishing.ts';

let repo: RepoSim;
let publisher: Publisher;
const content = Buffer.from('0123456789');

beforeEach(async () => {
  repo = stillRepo();
  publisher = await publisherFor(repo);
});
afterEach(() => publisher.close());

const octets = { 'content-type': 'application/octet-stream' };
const get = (path: string, headers: Record<string, string> = {}) =>
  publisher.app.device('GET', `//tuf/${path}`, { headers });

async function open(token: string, key = 'k'.repeat(16)): Promise<string> {
  const answer = await publisher.app.admin('POST', '/publications', { token, body: { idempotencyKey: key } });
  return (answer.json as { id: string }).id;
}

describe('a publication', () => {
  it('serves nothing before it is committed, and everything after', async () => {
    const path = repo.release(content, { version: '1.0.0', counter: 1 });
    expect((await get('metadata/timestamp.json')).status).toBe(404);
    const answer = committed(await publisher.publish(repo));
    expect(answer.newTargets).toEqual([path]);
    expect((await get('metadata/timestamp.json')).bytes).toEqual(repo.file('timestamp.json'));
    const token = await publisher.app.apiToken('viewer');
    const releases = await publisher.app.admin('GET', '/releases', { token });
    expect(releases.json).toMatchObject({
      items: [{ target: path, counter: 1, withdrawn: false, sha256: sha256(content) }],
    });
  });

  it('keeps from which counter on a release can be installed', async () => {
    repo.release(content, { version: '1.0.0', counter: 1 });
    repo.release(Buffer.from('later'), { version: '1.1.0', counter: 2, minFromCounter: 1 });
    committed(await publisher.publish(repo));
    const token = await publisher.app.apiToken('viewer');
    const { json } = await publisher.app.admin('GET', '/releases', { token });
    expect((json as { items: { minFromCounter: number | null }[] }).items.map(r => r.minFromCounter)).toEqual([
      null,
      1,
    ]);
  });

  it('takes what lies beside images, bundles and product descriptors, and makes no release of them', async () => {
    const path = repo.release(content, { version: '1.0.0', counter: 1 });
    const beside: [string, object][] = [
      ['app/1.0.0/sbom.json', { kind: 'sbom', component: 'app', version: '1.0.0', format: 'spdx-2.3' }],
      ['bundle/7/bundle.json', { kind: 'bundle', component: 'bundle', version: '7', class: 'feature' }],
      ['product/1/product.json', { kind: 'product', component: 'product', version: '1', supportEnds: '2040-12-31' }],
    ];
    for (const [at, custom] of beside) {
      const entry = { schema: 1, releasedAt: '2031-05-01T00:00:00Z', ...custom };
      repo.addTarget(repo.role, `gw2/stable/${at}`, Buffer.from(at), entry);
    }
    repo.publish([repo.role]);
    const answer = committed(await publisher.publish(repo));
    expect(answer.newTargets.toSorted()).toEqual([path, ...beside.map(([at]) => `gw2/stable/${at}`)].toSorted());
    const token = await publisher.app.apiToken('viewer');
    const releases = await publisher.app.admin('GET', '/releases', { token });
    expect(releases.json).toMatchObject({ items: [{ target: path }] });
    expect((releases.json as { items: unknown[] }).items).toHaveLength(1);
    expect((await get(`targets/gw2/stable/app/1.0.0/${sha256('app/1.0.0/sbom.json')}.sbom.json`)).status).toBe(200);
  });

  it('shows its roles in the status, with the version and the end of each, and those of the next one after it', async () => {
    const token = await publisher.app.apiToken('viewer');
    const roles = async () => {
      const { json } = await publisher.app.admin('GET', '/status', { token });
      return (json as StatusView).metadata?.map(r => `${r.role} ${r.version}`).toSorted();
    };
    expect(await roles()).toBeUndefined();
    repo.release(content, { version: '1.0.0', counter: 1 });
    committed(await publisher.publish(repo));
    const first = await roles();
    expect(first).toContain('root 1');
    const { expires } = (JSON.parse(repo.file('timestamp.json').toString()) as { signed: { expires: string } }).signed;
    const { json } = await publisher.app.admin('GET', '/status', { token });
    const timestamp = (json as StatusView).metadata?.find(r => r.role === 'timestamp');
    expect(new Date(timestamp?.expiresAt ?? '')).toEqual(new Date(expires));
    const metrics = (await publisher.app.admin('GET', '//metrics')).bytes.toString();
    expect(metrics).toMatch(/^tidegate_metadata_expiry_seconds\{role="timestamp"\} [1-9]\d*/m);
    expect(metrics).toMatch(/^tidegate_metadata_expiry_seconds\{role="channel"\} [1-9]\d*/m);
    repo.publish();
    committed(await publisher.publish(repo));
    const next = await roles();
    expect(next?.map(r => r.split(' ')[0])).toEqual(first?.map(r => r.split(' ')[0]));
    expect(next).not.toEqual(first);
  });

  it('gives the same answer when it is committed again', async () => {
    repo.release(content, { version: '1.0.0', counter: 1 });
    const token = await publisher.app.apiToken('releaser');
    const id = await open(token);
    for (const [file, body] of repo.metadata) {
      await publisher.app.admin('PUT', `/publications/${id}/metadata/${file}`, { token, body, headers: octets });
    }
    const url = `/publications/${id}/artifacts/${sha256(content)}`;
    await publisher.app.admin('PUT', url, { token, body: content, headers: octets });
    const commits = [1, 2].map(() => publisher.app.admin('POST', `/publications/${id}/commit`, { token }));
    const [one, two] = await Promise.all(commits);
    expect(two?.json).toEqual(one?.json);
    expect(one).toMatchObject({ status: 200, json: { newTargets: [expect.any(String)] } });
    const late = await publisher.app.admin('PUT', url, { token, body: content, headers: octets });
    expect(late).toMatchObject({ status: 409, json: { code: 'conflict' } });
    expect(await open(token)).toBe(id);
  });

  it('lets one of two publishers win that started from the same set', async () => {
    committed(await publisher.publish(repo));
    repo.publish();
    const one = new Map(repo.metadata);
    repo.versions['timestamp'] = (repo.versions['timestamp'] ?? 0) - 1;
    repo.expiresAt['timestamp'] = Date.now() + 3_600_000;
    repo.writeTimestamp();
    const answers = await Promise.all([one, new Map(repo.metadata)].map(files => publisher.submit(files)));
    expect(answers.map(a => a.status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });

  it('takes a new timestamp alone, as the signing service sends it every few hours', async () => {
    committed(await publisher.publish(repo));
    repo.writeTimestamp();
    const answer = committed(await publisher.submit(new Map([['timestamp.json', repo.file('timestamp.json')]])));
    expect(answer).toMatchObject({ timestampVersion: repo.versions['timestamp'], newTargets: [] });
  });

  it('marks a release withdrawn when it is no longer listed, and takes it back when it is again', async () => {
    const path = repo.release(content, { version: '1.0.0', counter: 1 });
    committed(await publisher.publish(repo));
    const withdrawn = async () => {
      const row = await publisher.app.db.selectFrom('releases').select('withdrawn_at').executeTakeFirst();
      return row?.withdrawn_at !== null;
    };
    const { [path]: target } = repo.targets[repo.role] ?? {};
    repo.targets[repo.role] = {};
    repo.publish([repo.role]);
    committed(await publisher.publish(repo));
    expect(await withdrawn()).toBe(true);
    repo.targets[repo.role] = target ? { [path]: target } : {};
    repo.publish([repo.role]);
    committed(await publisher.publish(repo));
    expect(await withdrawn()).toBe(false);
  });
});

describe('an artifact', () => {
  it('is refused where its bytes have another hash, and leaves nothing', async () => {
    const token = await publisher.app.apiToken('releaser');
    const url = `/publications/${await open(token)}/artifacts/${sha256('other')}`;
    const answer = await publisher.app.admin('PUT', url, { token, body: content, headers: octets });
    expect(answer).toMatchObject({ status: 422, json: { code: 'hash-mismatch' } });
    expect(await publisher.app.db.selectFrom('artifacts').selectAll().execute()).toEqual([]);
  });

  it('goes only where its hash says: a path is no hash', async () => {
    const token = await publisher.app.apiToken('releaser');
    const id = await open(token);
    for (const name of ['..%2f..%2fpasswd', 'A'.repeat(64), 'a'.repeat(63)]) {
      const url = `/publications/${id}/artifacts/${name}`;
      expect((await publisher.app.admin('PUT', url, { token, body: content, headers: octets })).status).toBe(400);
    }
  });

  it('is taken from a releaser only', async () => {
    const token = await publisher.app.apiToken('operator');
    const url = `/publications/${'0'.repeat(32)}/artifacts/${sha256(content)}`;
    const answer = await publisher.app.admin('PUT', url, { token, body: content, headers: octets });
    expect(problem(answer)).toMatchObject({ status: 403 });
  });
});

describe('metadata', () => {
  it('larger than its kind may be is refused on the way in', async () => {
    const answer = await publisher.submit(new Map([['timestamp.json', Buffer.alloc(16 * 1024 + 1, ' ')]]));
    expect(answer).toMatchObject({ status: 413, json: { code: 'body-too-large' } });
  });

  it('is cached for ever where its name has a version, and never used unasked where it may change', async () => {
    committed(await publisher.publish(repo));
    const immutable = { 'cache-control': expect.stringContaining('immutable') };
    expect(await get('metadata/1.root.json')).toMatchObject({ status: 200, headers: immutable });
    const eachTime = { 'cache-control': 'no-cache' };
    expect(await get('metadata/timestamp.json')).toMatchObject({ status: 200, headers: eachTime });
    const never = { 'cache-control': 'no-store' };
    for (const file of ['2.root.json', '99.snapshot.json', 'root.json', '..%2fpasswd', 'x'.repeat(300)]) {
      expect(await get(`metadata/${file}`)).toMatchObject({ status: 404, headers: never });
    }
  });
});

describe('content', () => {
  let url: string;
  beforeEach(async () => {
    repo.release(content, { version: '1.0.0', counter: 1 });
    committed(await publisher.publish(repo));
    url = `targets/gw2/stable/app/1.0.0/${sha256(content)}.app.bin`;
  });

  it('comes whole, with its hash as tag', async () => {
    const answer = await get(url);
    expect(answer.bytes).toEqual(content);
    expect(answer.headers).toMatchObject({
      etag: `"${sha256(content)}"`,
      'content-length': '10',
      'content-type': 'application/octet-stream',
      'cache-control': expect.stringContaining('immutable'),
    });
    const head = await publisher.app.device('HEAD', `//tuf/${url}`);
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '10' }, bytes: Buffer.of() });
    expect((await get(url, { 'if-none-match': `"${sha256(content)}"` })).status).toBe(304);
  });

  it('comes from any byte on, for a download that was cut off', async () => {
    const rest = await get(url, { range: 'bytes=4-', 'if-range': `"${sha256(content)}"` });
    expect(rest).toMatchObject({
      status: 206,
      headers: { 'content-range': 'bytes 4-9/10' },
      bytes: Buffer.from('456789'),
    });
    expect((await get(url, { range: 'bytes=2-3' })).bytes).toEqual(Buffer.from('23'));
    expect(await get(url, { range: 'bytes=4-', 'if-range': '"other"' })).toMatchObject({ status: 200, bytes: content });
    expect(await get(url, { range: 'bytes=10-' })).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */10' },
    });
  });

  it('comes in as many parts as are asked for: they count against no limit, and nothing is kept of them', async () => {
    const strict = { ...UNHURRIED, checkInsPerSecond: 1, addressRequestsPerMinute: 5, deviceRequestsPerMinute: 5 };
    const slow = await publisherFor(repo, strict);
    try {
      committed(await slow.publish(repo));
      const before = await slow.published();
      for (let part = 0; part < 50; part += 1) {
        const at = part % content.length;
        const headers = { range: `bytes=${at}-${at}` };
        const answer = await slow.app.device('GET', `//tuf/${url}`, { headers });
        expect([answer.status, answer.bytes]).toEqual([206, content.subarray(at, at + 1)]);
      }
      expect(await slow.published()).toEqual(before);
      expect(await slow.app.db.selectFrom('reports').selectAll().execute()).toEqual([]);
    } finally {
      await slow.close();
    }
  });

  it('is found by its own path and hash alone', async () => {
    const other = sha256('other');
    for (const path of [
      url.replace('gw2', 'gw3'),
      url.replace(sha256(content), other),
      'targets/gw2/stable/app/1.0.0/app.bin',
      `targets/${sha256(content)}`,
      `targets/..%2f..%2f${sha256(content)}`,
      `targets/gw2/stable/app/../1.0.0/${sha256(content)}.app.bin`,
      'targets/',
    ]) {
      expect((await get(path)).status).toBe(404);
    }
  });
});
