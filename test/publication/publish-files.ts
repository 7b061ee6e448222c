/** What a thief does with a releaser's token: publishes files of their own, without a publisher's checks. */
import { randomBytes } from 'node:crypto';
import { ADMIN_API } from '@tidegate/protocol';
import type { OwnServer } from '../src/own-server.ts';

/** @throws Error with what the server said where it refuses */
export async function publishFiles(
  { server, adminToken }: Pick<OwnServer, 'server' | 'adminToken'>,
  files: Readonly<Record<string, Buffer>>,
): Promise<void> {
  const call = async (method: string, path: string, body: string | Uint8Array<ArrayBuffer>, type: string) => {
    const headers = { authorization: `Bearer ${adminToken}`, 'content-type': type };
    const answer = await fetch(`${server.adminUrl}${ADMIN_API}/publications${path}`, { method, headers, body });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const idempotencyKey = randomBytes(16).toString('hex');
  const opened = await call('POST', '', JSON.stringify({ idempotencyKey }), 'application/json');
  const { id } = (await opened.json()) as { id: string };
  for (const [file, bytes] of Object.entries(files)) {
    await call('PUT', `/${id}/metadata/${file}`, new Uint8Array(bytes), 'application/octet-stream');
  }
  await call('POST', `/${id}/commit`, '{}', 'application/json');
}
