/** Publishes whatever a RepoSim holds over the routes that a publisher uses, without a publisher's checks. */
import { randomBytes } from 'node:crypto';
import { ADMIN_API, type CommitAnswer, type Problem, type PublicationAnswer } from '@tidegate/protocol';
import { type AdminClient, ProblemError } from './admin-client.ts';
import { type RepoSim, sha256 } from './repo-sim.ts';

/** A server in this process or in one of its own. */
export interface PushedServer {
  readonly admin: AdminClient;
  readonly adminToken: string;
  readonly server: { readonly adminUrl: string };
}

/** @throws ProblemError what the server answered instead of committing */
export async function push(to: PushedServer, repo: RepoSim): Promise<CommitAnswer> {
  const idempotencyKey = randomBytes(16).toString('hex');
  const { id } = await to.admin.post<PublicationAnswer>('/publications', { idempotencyKey });
  for (const bytes of repo.artifacts.values()) await put(to, `/publications/${id}/artifacts/${sha256(bytes)}`, bytes);
  for (const [file, bytes] of repo.metadata) await put(to, `/publications/${id}/metadata/${file}`, bytes);
  return to.admin.post<CommitAnswer>(`/publications/${id}/commit`);
}

async function put(to: PushedServer, path: string, bytes: Uint8Array): Promise<void> {
  const response = await fetch(`${to.server.adminUrl}${ADMIN_API}${path}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${to.adminToken}`, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(bytes),
  });
  if (!response.ok) throw new ProblemError((await response.json()) as Problem);
}
