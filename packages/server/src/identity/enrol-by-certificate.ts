/**
 * A device becomes known by a certificate that its manufacturer's authority issued. The TLS handshake has proven that it
 * holds the key; everything else about the certificate is judged here, by the server's clock.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { EnrolAnswer, EnrolCertificateRequest } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { admitDevice } from './admit-device.ts';
import { allAuthorities } from './authority-store.ts';
import { readCertificate } from './certificate.ts';
import { type Authority, judgeCertificate } from './judge-certificate.ts';

/**
 * @param socket of the request: only what this very process saw in a handshake counts, no header
 * Throws ServerError: certificate-needed, -invalid, -expired, -wrong-product, key-known, device-revoked.
 */
export async function enrolByCertificate(
  deps: Deps,
  socket: Socket,
  { product }: EnrolCertificateRequest,
): Promise<EnrolAnswer> {
  const presented = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (!presented) throw new ServerError('certificate-needed', 'the connection came without a client certificate');
  const device = readCertificate(presented.raw);
  if (!device) throw new ServerError('certificate-invalid', 'the certificate cannot be read');
  const verdict = judgeCertificate(device, product, await authorities(deps), deps.clock.now());
  if ('publicKey' in verdict) {
    return await admitDevice(deps, { product, publicKey: verdict.publicKey, enrolledBy: 'certificate' });
  }
  const { code, detail } = verdict;
  deps.log.warn({ code, detail, product, certificate: device.sha256 }, 'a certificate was refused');
  throw new ServerError(code, detail);
}

async function authorities({ db }: Deps): Promise<Authority[]> {
  return (await allAuthorities(db)).flatMap(row => {
    const certificate = readCertificate(row.certificate);
    return certificate ? [{ product: row.product, certificate }] : [];
  });
}
