import { forge, makeP256Key, makeVictim, simKey, unforge } from '@tidegate/test';
import { test } from 'vitest';

/** The roles that more than one key must sign. */
const THRESHOLD_ROLES = ['root', 'targets', 'channel'] as const;

test.each(THRESHOLD_ROLES)('a %s with one signature too few is refused', async role => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  forge(victim.repo, role, honest => honest.slice(0, 1));
  await victim.refuses('metadata-signature', () => victim.trust.refresh());
  unforge(victim.repo, role);
  await victim.recovers();
});

test.each(THRESHOLD_ROLES)('one key that signs a %s under two ids counts once', async role => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  forge(victim.repo, role, honest => honest.map(({ keyid }) => ({ keyid, sig: honest[0]?.sig ?? '' })));
  await victim.refuses('metadata-signature', () => victim.trust.refresh());
  unforge(victim.repo, role);
  await victim.recovers();
});

test('one signature written down twice is refused', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  forge(victim.repo, 'channel', honest => [...honest.slice(0, 1), ...honest.slice(0, 1)]);
  await victim.refuses('metadata-malformed', () => victim.trust.refresh());
  unforge(victim.repo, 'channel');
  await victim.recovers();
});

test('a root that lists one key under two ids is refused, though its signers meet the threshold', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  const { repo } = victim;
  const [key] = repo.keys.timestamp.keys;
  if (!key) throw new Error('the repository has a timestamp key');
  const honest = repo.keys.timestamp;
  repo.keys.timestamp = { keys: [key, { ...key, keyid: 'f'.repeat(64) }], threshold: 2 };
  repo.bump('root');
  repo.writeRoot();
  repo.publish();
  await victim.refuses('metadata-malformed', () => victim.trust.refresh());
  repo.keys.timestamp = honest;
  repo.writeRoot();
  await victim.recovers();
});

/** Writings of one key that tuf-js would count as two. */
const WRITINGS = [
  { keytype: 'ecdsa', as: 'der' },
  { keytype: 'ecdsa', as: 'compressed' },
  { keytype: 'ecdsa', as: 'crlf' },
  { keytype: 'ecdsa-sha2-nistp256', as: 'pem' },
] as const;

test.each(WRITINGS)(
  'a root that lists one P-256 key again, as $keytype in $as, is refused',
  async ({ keytype, as }) => {
    await using victim = await makeVictim();
    await victim.trust.refresh();
    const { repo } = victim;
    const honest = repo.keys.timestamp;
    const key = makeP256Key();
    const { public: pem } = key.tuf.keyval;
    const spki = Buffer.from(pem.split('\n').slice(1, 3).join(''), 'base64');
    const compressed = Buffer.concat([Buffer.of(2 + (spki.at(-1)! & 1)), spki.subarray(27, 59)]);
    const written = {
      der: spki.subarray(26).toString('hex'),
      compressed: compressed.toString('hex'),
      crlf: pem.replaceAll('\n', '\r\n'),
      pem,
    }[as];
    const again = simKey({ ...key.tuf, keytype, keyval: { public: written } } as typeof key.tuf, key.privateKey);
    repo.keys.timestamp = { keys: [key, again], threshold: 2 };
    repo.bump('root');
    repo.writeRoot();
    repo.publish();
    await victim.refuses('metadata-malformed', () => victim.trust.refresh());
    repo.keys.timestamp = honest;
    repo.writeRoot();
    await victim.recovers();
  },
);
