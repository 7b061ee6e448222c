/** A nonce is good once, whatever it is used for and whichever process sees it. */
import { hash } from 'node:crypto';
import { LIMITS } from '@tidegate/protocol';
import type { Db } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { useNonce } from './device-store.ts';

/** Throws ServerError nonce-invalid where it was spent before. */
export async function spendNonce(db: Db, nonce: string, now: Date): Promise<void> {
  const expiresAt = new Date(now.getTime() + LIMITS.nonceSeconds * 1000);
  if (await useNonce(db, hash('sha256', nonce, 'buffer'), expiresAt)) return;
  throw new ServerError('nonce-invalid', 'the nonce was used before');
}
