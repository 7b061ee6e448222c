/** The check-in of a device that was seeded, not enrolled. */
import { type KeyObject, sign } from 'node:crypto';
import type { CheckInRequest } from '@tidegate/protocol';
import type { Load } from './load.ts';

/** With a token as the server gives it to a device that has proven its key: a million proofs are another measure. */
export function seededCheckIn(key: KeyObject, id: string): Load['requests'][number] {
  const body: CheckInRequest = {
    agentVersion: '0.1.0',
    hardware: 'gw2-a',
    channel: 'stable',
    bootId: id,
    components: [{ component: 'app', version: '1.0.0', counter: 1 }],
    attributes: { site: 'site-1', floor: '3' },
  };
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: id, product: 'gw2', iat: now, exp: now + 3600, iss: 'tidegate' };
  const text = [{ alg: 'EdDSA', typ: 'JWT' }, claims]
    .map(p => Buffer.from(JSON.stringify(p)).toString('base64url'))
    .join('.');
  const token = `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
  return { body: JSON.stringify(body), headers: { authorization: `Bearer ${token}` } };
}
