/** A CA for one test, and the files of a server on loopback that it vouches for. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TEST_EXTENSIONS, testAuthority, testCertificate } from '@tidegate/server/testing';

export interface TlsFiles {
  /** PEM of the CA that a device pins. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export async function writeTlsFiles(folder: string): Promise<TlsFiles> {
  const issuer = testAuthority('Update CA');
  const server = testCertificate({
    name: '127.0.0.1',
    issuer,
    extensions: [TEST_EXTENSIONS.digitalSignature, TEST_EXTENSIONS.serverAuth, TEST_EXTENSIONS.loopback],
  });
  const files = {
    ca: join(folder, 'ca.pem'),
    certificate: join(folder, 'server.pem'),
    key: join(folder, 'server-key.pem'),
  };
  await writeFile(files.ca, issuer.pem);
  await writeFile(files.certificate, server.pem);
  await writeFile(files.key, server.keyPem, { mode: 0o600 });
  return files;
}
