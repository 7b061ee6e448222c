/** Sets that a TUF client would refuse, or that would strand one: each is refused here, and changes nothing. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeKey, makeP256Key, type RepoSim, sha256, signed, simKey } from '@tidegate/test';
import { committed, problem, type Publisher, publisherFor, stillRepo } from './publishing.ts';

let repo: RepoSim;
let publisher: Publisher;
let before: unknown;

beforeEach(async () => {
  repo = stillRepo();
  repo.release(Buffer.from('one'), { version: '1.0.0', counter: 1 });
  publisher = await publisherFor(repo);
  committed(await publisher.publish(repo));
  before = await publisher.published();
});
afterEach(() => publisher.close());

type Change = (files: Map<string, Buffer>) => void;

/** The next release, honestly signed; `change` then spoils what is sent. */
async function refusal(change?: Change): Promise<{ code: string; detail: string }> {
  const answer = await publisher.publish(repo, change);
  expect(await publisher.published()).toEqual(before);
  const { code, detail = '' } = problem(answer);
  return { code, detail };
}

function nextRelease(): void {
  repo.release(Buffer.from('two'), { version: '2.0.0', counter: 2 });
}

/** The newest file of a role, as it would be sent. */
function newest(role: string): string {
  return role === 'timestamp' ? 'timestamp.json' : `${repo.versions[role]}.${role}.json`;
}

async function refused(change: Change | undefined, file: string, check: RegExp, code = 'metadata-invalid') {
  const told = await refusal(change);
  expect(told.code).toBe(code);
  expect(told.detail).toContain(file);
  expect(told.detail).toMatch(check);
}

describe('a damaged file', () => {
  for (const role of ['timestamp', 'snapshot', 'p-gw2-stable']) {
    it(`is refused by its signature or hash where one byte of ${role} is changed`, async () => {
      nextRelease();
      const flip: Change = files => {
        const text = files.get(newest(role))?.toString() ?? '';
        files.set(newest(role), Buffer.from(text.replace(/"expires":"20/, '"expires":"21')));
      };
      await refused(flip, newest(role), /signatures|names/);
    });

    it(`is refused where ${role} is cut off`, async () => {
      nextRelease();
      await refused(
        files => files.set(newest(role), files.get(newest(role))?.subarray(0, 100) ?? Buffer.of()),
        newest(role),
        /cannot be read|names/,
      );
    });
  }
});

describe('signatures', () => {
  it('below the threshold are refused', async () => {
    nextRelease();
    repo.writeDelegated(repo.role, repo.delegated[repo.role]?.keys.slice(0, 1));
    await refused(undefined, newest(repo.role), /1\/2 keys/);
  });

  it('of the right key given twice do not make two', async () => {
    nextRelease();
    const [key] = repo.delegated[repo.role]?.keys ?? [];
    const body = (JSON.parse(repo.file(newest(repo.role)).toString()) as { signed: object }).signed;
    repo.metadata.set(newest(repo.role), signed(body, key ? [key, key] : []));
    await refused(undefined, newest(repo.role), /multiple signatures/);
  });

  it('of a stranger are refused', async () => {
    nextRelease();
    repo.writeDelegated(repo.role, [makeKey(), makeKey()]);
    await refused(undefined, newest(repo.role), /0\/2 keys/);
  });

  it('that are missing are refused', async () => {
    nextRelease();
    repo.writeDelegated(repo.role, []);
    await refused(undefined, newest(repo.role), /0\/2 keys/);
  });

  it('of another role are refused', async () => {
    nextRelease();
    repo.keys.timestamp.keys = repo.keys.snapshot.keys;
    repo.writeTimestamp();
    await refused(undefined, 'timestamp.json', /0\/1 keys/);
  });

  it('by one key under two ids do not reach a threshold of two', async () => {
    const [key] = repo.delegated[repo.role]?.keys ?? [];
    if (!key) throw new Error('no key');
    repo.delegated[repo.role]!.keys = [key, { ...key, keyid: sha256('another id') }];
    repo.release(Buffer.from('two'), { version: '2.0.0', counter: 2 });
    repo.publish(['targets']);
    await refused(undefined, newest(repo.role), /one key under two ids/);
  });

  it('by one P-256 key in two writings do not reach a threshold of two', async () => {
    const key = makeP256Key();
    const again = { ...key.tuf, keyval: { public: key.tuf.keyval.public.trimEnd() } };
    repo.delegated[repo.role]!.keys = [key, simKey(again, key.privateKey)];
    repo.release(Buffer.from('two'), { version: '2.0.0', counter: 2 });
    repo.publish(['targets']);
    await refused(undefined, newest(repo.role), /not written as/);
  });
});

describe('a root', () => {
  it('that the trusted one did not sign is refused', async () => {
    repo.keys.root = { keys: [makeKey(), makeKey()], threshold: 2 };
    repo.bump('root');
    repo.writeRoot();
    repo.publish();
    await refused(undefined, '2.root.json', /0\/2 keys/);
  });

  it('after a gap is refused', async () => {
    repo.rotate('timestamp', [makeKey()]);
    repo.rotate('snapshot', [makeKey()]);
    repo.publish();
    await refused(files => files.delete('2.root.json'), '3.root.json', /missing/);
  });

  it('that replaces a published one under its name is refused', async () => {
    const other = stillRepo().root();
    await refused(files => files.set('1.root.json', other), '1.root.json', /other bytes/);
  });

  it('that follows by chain is taken, and its keys count from then on', async () => {
    const old = repo.keys.timestamp.keys;
    repo.rotate('timestamp', [makeKey()]);
    repo.publish();
    committed(await publisher.publish(repo));
    before = await publisher.published();
    repo.keys.timestamp.keys = old;
    repo.writeTimestamp();
    await refused(undefined, 'timestamp.json', /0\/1 keys/);
  });
});

describe('versions', () => {
  it('of the timestamp that do not rise are a conflict', async () => {
    repo.versions['timestamp'] = 0;
    repo.writeTimestamp();
    await refused(undefined, 'timestamp.json', /does not follow/, 'version-conflict');
  });

  it('of the snapshot never fall', async () => {
    const old = repo.versions['snapshot'] ?? 0;
    nextRelease();
    committed(await publisher.publish(repo));
    before = await publisher.published();
    repo.versions['snapshot'] = old;
    repo.writeTimestamp();
    await refused(undefined, `${old}.snapshot.json`, /lower than that of the published snapshot/);
  });

  it('of a role never fall', async () => {
    nextRelease();
    committed(await publisher.publish(repo));
    before = await publisher.published();
    repo.versions[repo.role] = (repo.versions[repo.role] ?? 0) - 1;
    repo.writeSnapshot();
    repo.writeTimestamp();
    await refused(undefined, newest('snapshot'), /lowers p-gw2-stable.json from version 3 to 2/);
  });

  it('keep the bytes that were published under them', async () => {
    repo.addFirmware(Buffer.from('two'), { version: '2.0.0', counter: 2 });
    repo.publish(); // the role changes, its version does not
    await refused(undefined, newest(repo.role), /other bytes/);
  });

  it('inside a file are those of its name', async () => {
    nextRelease();
    const name = newest(repo.role);
    repo.versions[repo.role] = 9;
    repo.writeDelegated(repo.role);
    repo.versions[repo.role] = Number.parseInt(name, 10);
    await refused(files => files.set(name, repo.file(`9.${repo.role}.json`)), name, /says version 9/);
  });
});

describe('a set', () => {
  it('mixed from two publications is refused', async () => {
    nextRelease();
    const snapshot = repo.file(newest('snapshot'));
    const name = newest('snapshot');
    repo.release(Buffer.from('three'), { version: '3.0.0', counter: 3 });
    await refused(files => files.set(newest('snapshot'), snapshot), newest('snapshot'), /timestamp names/);
    expect(name).not.toBe(newest('snapshot'));
  });

  it('whose role file is not there is incomplete', async () => {
    nextRelease();
    await refused(files => files.delete(newest(repo.role)), newest(repo.role), /neither/, 'publication-incomplete');
  });

  it('without a timestamp is incomplete', async () => {
    await refused(files => files.delete('timestamp.json'), 'timestamp.json', /not submitted/, 'publication-incomplete');
  });

  it('that loses a role is refused', async () => {
    delete repo.delegated['h-gw2'];
    repo.publish(['targets']);
    await refused(undefined, newest('snapshot'), /no longer names h-gw2.json/);
  });

  it('that delegates to a role which the snapshot does not name is refused', async () => {
    repo.delegated['p-gw2-beta'] = { keys: [makeKey()], threshold: 1, paths: ['gw2/beta/*/*/*'], terminating: true };
    repo.versions['p-gw2-beta'] = 1;
    repo.publish(['targets']);
    delete repo.delegated['p-gw2-beta'];
    repo.writeSnapshot();
    repo.writeTimestamp();
    await refused(undefined, newest('snapshot'), /does not name p-gw2-beta.json/);
  });

  it('that names a role which nobody delegates to is refused', async () => {
    repo.delegated['stray'] = { keys: [makeKey()], threshold: 1, paths: ['x/*/*/*/*'], terminating: true };
    repo.versions['stray'] = 1;
    repo.writeDelegated('stray');
    repo.writeSnapshot();
    repo.writeTimestamp();
    await refused(undefined, newest('snapshot'), /stray.json, which no role delegates to/);
  });

  for (const role of ['timestamp', 'snapshot', 'p-gw2-stable', 'targets', 'h-gw2']) {
    it(`with an expired ${role} is refused`, async () => {
      repo.expiresAt[role] = Date.now() - 1000;
      repo.publish(['targets', 'p-gw2-stable', 'h-gw2']);
      await refused(undefined, newest(role), /has expired/);
    });
  }
});
