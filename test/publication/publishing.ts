/** Publishing as a publisher does it, over the admin API, and what the server shows afterwards. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommitAnswer, Problem } from '@tidegate/protocol';
import type { FleetConfig } from '@tidegate/server';
import { RepoSim, sha256 } from '@tidegate/test';
import { type Answer, type TestApp, testApp, trustTestRoot } from '@tidegate/server/testing';

export interface Publisher {
  readonly app: TestApp;
  /** Sends everything that the repository holds, and commits. */
  publish(repo: RepoSim, change?: (files: Map<string, Buffer>) => void): Promise<Answer>;
  /** Sends these metadata files alone, and commits. */
  submit(files: ReadonlyMap<string, Buffer>): Promise<Answer>;
  /** All that a publication can change, to compare before and after. */
  published(): Promise<unknown>;
  close(): Promise<void>;
}

/** A repository whose clock stands still: a file that is written again under its version keeps its bytes. */
export function stillRepo(): RepoSim {
  const now = Date.now();
  return new RepoSim({ now: () => now });
}

/** A server that trusts the repository's first root. @param fleet what the fleet may ask of it */
export async function publisherFor(repo: RepoSim, fleet?: FleetConfig): Promise<Publisher> {
  const app = await testApp(fleet);
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-root-'));
  const rootFile = join(folder, '1.root.json');
  await writeFile(rootFile, repo.root());
  await trustTestRoot(app, rootFile);
  await rm(folder, { recursive: true });
  const token = await app.apiToken('releaser');
  const octets = { 'content-type': 'application/octet-stream' };

  async function open(): Promise<string> {
    const idempotencyKey = randomBytes(16).toString('hex');
    const answer = await app.admin('POST', '/publications', { token, body: { idempotencyKey } });
    return (answer.json as { id: string }).id;
  }

  async function submit(files: ReadonlyMap<string, Buffer>): Promise<Answer> {
    const id = await open();
    for (const [file, body] of files) {
      const put = await app.admin('PUT', `/publications/${id}/metadata/${file}`, { token, body, headers: octets });
      if (put.status !== 204) return put;
    }
    return app.admin('POST', `/publications/${id}/commit`, { token });
  }

  return {
    app,
    submit,
    publish: async (repo, change) => {
      const id = await open();
      for (const body of repo.artifacts.values()) {
        await app.admin('PUT', `/publications/${id}/artifacts/${sha256(body)}`, { token, body, headers: octets });
      }
      const files = new Map(repo.metadata);
      change?.(files);
      return submit(files);
    },
    published: async () => ({
      files: await app.db.selectFrom('metadata_files').select('file').orderBy('file').execute(),
      current: await app.db.selectFrom('current_metadata').selectAll().execute(),
      targets: await app.db.selectFrom('targets').selectAll().orderBy('path').execute(),
      releases: await app.db.selectFrom('releases').selectAll().orderBy('target').execute(),
    }),
    close: () => app.close(),
  };
}

export function problem(answer: Answer): Problem {
  return answer.json as Problem;
}

export function committed(answer: Answer): CommitAnswer {
  if (answer.status !== 200) throw new Error(`not committed: ${JSON.stringify(answer.json)}`);
  return answer.json as CommitAnswer;
}
