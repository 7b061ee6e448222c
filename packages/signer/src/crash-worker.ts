/** A signer that works without end, for a test that kills it: adds releases to gw2's beta and signs them. */
import { openKeyFile } from './keys/key-uri.ts';
import { Repository } from './repository.ts';
import { release, START } from './test-repository.ts';

const [dir = '', keyPath = '', passphrase = '', file = ''] = process.argv.slice(2);
const repo = await Repository.open(dir, { now: () => START });
const ci = await openKeyFile(keyPath, passphrase);
for (let i = 0; ; i++) {
  process.send?.('adding');
  await repo.addRelease(release(file, { channel: 'beta', version: `${process.pid}.${i}` }));
  process.send?.('signing');
  await repo.sign('p-gw2-beta', ci);
}
