/** Certificates of authorities that may vouch for devices. A key of an authority stands for one product only. */
import { hash } from 'node:crypto';
import type { CertificateAuthorityView } from '@tidegate/protocol';
import { type Selectable, sql } from 'kysely';
import type { CertificateAuthoritiesTable } from '../db/schema.ts';
import { storable } from '../db/storable.ts';
import type { Db } from '../deps.ts';
import type { CertificateFacts } from './certificate.ts';

/** Every enrolment by certificate looks at all of them. */
export const AUTHORITIES_MAX = 200;
const SUBJECT_CHARS_MAX = 300;

export type Addition = { readonly view: CertificateAuthorityView } | { readonly refused: 'too-many' | 'other-product' };

/** The same certificate for the same product again: the same answer. */
export async function addAuthority(
  db: Db,
  { product, certificate, now }: { product: string; certificate: CertificateFacts; now: Date },
): Promise<Addition> {
  const publicKeySha256 = hash('sha256', certificate.publicKey ?? '', 'hex');
  return await db.transaction().execute(async tx => {
    // Of two that add at once, the second must see the first's.
    await sql`lock table certificate_authorities in share row exclusive mode`.execute(tx);
    const rows = await tx.selectFrom('certificate_authorities').selectAll().execute();
    if (rows.some(row => row.public_key_sha256 === publicKeySha256 && row.product !== product)) {
      return { refused: 'other-product' };
    }
    const known = rows.find(row => row.sha256 === certificate.sha256);
    if (known) return { view: viewOf(known) };
    if (rows.length >= AUTHORITIES_MAX) return { refused: 'too-many' };
    const row = await tx
      .insertInto('certificate_authorities')
      .values({
        sha256: certificate.sha256,
        product,
        certificate: certificate.x509.raw,
        public_key_sha256: publicKeySha256,
        subject: storable(certificate.x509.subject.replaceAll('\n', ', ')).slice(0, SUBJECT_CHARS_MAX),
        expires_at: certificate.notAfter,
        added_at: now,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { view: viewOf(row) };
  });
}

/** False where there is none such. */
export async function removeAuthority(db: Db, product: string, sha256: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('certificate_authorities')
    .where('sha256', '=', sha256)
    .where('product', '=', product)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

export async function allAuthorities(db: Db): Promise<{ product: string; certificate: Buffer }[]> {
  return await db.selectFrom('certificate_authorities').select(['product', 'certificate']).orderBy('sha256').execute();
}

/** By hash. */
export async function listAuthorities(
  db: Db,
  product: string | undefined,
  after: string,
  limit: number,
): Promise<CertificateAuthorityView[]> {
  let query = db
    .selectFrom('certificate_authorities')
    .selectAll()
    .where('sha256', '>', after)
    .orderBy('sha256')
    .limit(limit);
  if (product !== undefined) query = query.where('product', '=', product);
  return (await query.execute()).map(viewOf);
}

function viewOf(row: Selectable<CertificateAuthoritiesTable>): CertificateAuthorityView {
  return {
    product: row.product,
    sha256: row.sha256,
    subject: row.subject,
    expiresAt: row.expires_at.toISOString(),
    addedAt: row.added_at.toISOString(),
  };
}
