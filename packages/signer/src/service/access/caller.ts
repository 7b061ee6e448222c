/** Who is asking: CI by its token, a person who reads by a token of the configuration, or nobody that is known. */
import { hash, timingSafeEqual } from 'node:crypto';
import { closed, Name, Sha256 } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { SignerError } from '../../signer-error.ts';
import { rolesFor, type Rule } from './claims-policy.ts';
import type { VerifyToken } from './oidc.ts';

export const Reader = closed({ name: Name, tokenSha256: Sha256 });
export type Reader = Static<typeof Reader>;

/** Roles that may be submitted to by the list's own signature alone. */
export const BySignature = Type.Union(
  [Type.Literal('all'), Type.Array(Type.String({ pattern: '^[a-z][a-z0-9-]{0,79}$' }), { maxItems: 500 })],
  { description: 'all, or a list of roles' },
);

export type Caller =
  | { readonly by: 'token'; readonly issuer: string; readonly subject: string; readonly roles: readonly string[] }
  | { readonly by: 'reader'; readonly name: string }
  | { readonly by: 'nobody' };

export interface Access {
  readonly verify: VerifyToken;
  readonly rules: readonly Rule[];
  readonly readers: readonly Reader[];
  readonly bySignature: Static<typeof BySignature>;
}

/** @param authorization the header @throws SignerError `token-invalid`, `token-expired`, `network` */
export async function callerOf(access: Access, authorization: string | undefined): Promise<Caller> {
  if (authorization === undefined) return { by: 'nobody' };
  const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/.exec(authorization)?.[1];
  if (token === undefined) throw new SignerError('token-invalid', 'The Authorization header holds no bearer token.');
  const reader = access.readers.find(r => sameHash(r.tokenSha256, token));
  if (reader) return { by: 'reader', name: reader.name };
  const { issuer, subject, claims } = await access.verify(token);
  return { by: 'token', issuer, subject, roles: rolesFor(access.rules, issuer, claims) };
}

/** @throws SignerError `token-needed`, `policy-refused` */
export function mustSubmit({ bySignature }: Access, caller: Caller, role: string): void {
  if (caller.by === 'token') {
    if (caller.roles.includes(role)) return;
    throw new SignerError('policy-refused', `The policy does not let this token submit to ${role}.`);
  }
  // A reader's token gives no right to submit, and takes none away.
  if (bySignature === 'all' || bySignature.includes(role)) return;
  if (caller.by === 'reader') throw new SignerError('policy-refused', 'This token may read, not submit.');
  throw new SignerError('token-needed', `Lists of ${role} are taken with a token of its CI only.`);
}

/** @returns the roles that may be seen; undefined for all @throws SignerError `token-needed`, `policy-refused` */
export function mustRead(caller: Caller): readonly string[] | undefined {
  if (caller.by === 'nobody') throw new SignerError('token-needed', 'Reading this needs a token.');
  if (caller.by === 'reader') return undefined;
  if (caller.roles.length > 0) return caller.roles;
  throw new SignerError('policy-refused', 'The policy gives this token no channel.');
}

function sameHash(wanted: string, token: string): boolean {
  return timingSafeEqual(Buffer.from(wanted, 'hex'), Buffer.from(hash('sha256', token, 'hex'), 'hex'));
}
