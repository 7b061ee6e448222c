/** Publishes whatever a RepoSim holds, signed well or not: the routes that a publisher uses, without its checks. */
import { randomBytes } from 'node:crypto';
import { ADMIN_API, type CommitAnswer, type Problem, type PublicationAnswer } from '@tidegate/protocol';
import { ProblemError } from './admin-client.ts';
import type { OwnServer } from './own-server.ts';
import { type RepoSim, sha256 } from './repo-sim.ts';

export interface PushOptions {
  /** Bytes instead of what the repository holds; null leaves the file out. */
  readonly metadata?: Readonly<Record<string, Uint8Array | null>>;
  readonly withoutArtifacts?: boolean;
}

/** @throws ProblemError what the server answered instead of committing */
export async function push(to: OwnServer, repo: RepoSim, options: PushOptions = {}): Promise<CommitAnswer> {
  const idempotencyKey = randomBytes(16).toString('hex');
  const { id } = await to.admin.post<PublicationAnswer>('/publications', { idempotencyKey });
  if (!options.withoutArtifacts) {
    for (const bytes of repo.artifacts.values()) await put(to, `/publications/${id}/artifacts/${sha256(bytes)}`, bytes);
  }
  const files = new Map<string, Uint8Array | null>([...repo.metadata, ...Object.entries(options.metadata ?? {})]);
  for (const [file, bytes] of files) if (bytes) await put(to, `/publications/${id}/metadata/${file}`, bytes);
  return to.admin.post<CommitAnswer>(`/publications/${id}/commit`);
}

/** @throws ProblemError */
export async function put(to: OwnServer, path: string, bytes: Uint8Array): Promise<void> {
  const response = await fetch(`${to.server.adminUrl}${ADMIN_API}${path}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${to.adminToken}`, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(bytes),
  });
  if (!response.ok) throw new ProblemError((await response.json()) as Problem);
}
