import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { changesBetween } from '../diff/change.ts';
import type { KnownKey } from '../store/config.ts';
import { release, signedRepository, START, type TestRepository } from '../test-repository.ts';
import { judge } from './candidate.ts';
import { candidateFromPayload, type Payload, payloadText } from './payload.ts';
import { signDetached } from './sign.ts';

const refused = (code: string) => expect.objectContaining({ code });

let made: TestRepository;
let keys: readonly KnownKey[];
beforeEach(async () => {
  made = await signedRepository();
  keys = await made.repo.keys();
});

function open(payload: Payload, more: { keys?: readonly KnownKey[]; trustedRoot?: Uint8Array } = {}) {
  return candidateFromPayload(Buffer.from(payloadText(payload)), { now: START, keys, ...more });
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const rootFile = (version: number) => readFile(join(made.dir, 'metadata', `${version}.root.json`));

test.each(['root', 'targets', 'p-gw2-stable', 'h-gw2'])(
  'a draft of %s is judged and signed by the file alone, and the signature counts in the repository',
  async role => {
    await made.repo.renew(role);
    const candidate = open(await made.repo.exportPayload(role), { trustedRoot: await rootFile(1) });
    judge(candidate);
    expect(candidate.comparedWith).toMatchObject({ version: 1 });
    const signature = await signDetached(candidate, made.keys.a.signer);
    expect(await made.repo.addSignature(role, signature)).toMatchObject({ added: true });
  },
);

test('a list that is only said to be the one before is not compared with: everything is shown', async () => {
  const { repo, image } = made;
  await repo.addRelease(release(await image('evil.img', 'evil')));
  const payload = await repo.exportPayload('p-gw2-stable');
  const { signed } = JSON.parse(Buffer.from(payload.previous ?? '', 'base64').toString()) as { signed: object };
  const draft = JSON.parse(Buffer.from(payload.draft, 'base64').toString()) as { signed: { targets: object } };
  const previous = base64({ signatures: [], signed: { ...signed, targets: draft.signed.targets } });
  const candidate = open({ ...payload, previous });
  expect(candidate.comparedWith).toBeUndefined();
  const changes = changesBetween(candidate.comparedWith, candidate.envelope.signed);
  expect(changes).toContainEqual(expect.objectContaining({ what: 'target-added' }));
});

test('delegations that nobody signed give no say over what came before', async () => {
  await made.repo.renew('p-gw2-stable');
  const payload = await made.repo.exportPayload('p-gw2-stable');
  const { signed } = JSON.parse(Buffer.from(payload.targets ?? '', 'base64').toString()) as { signed: object };
  const unsigned = { ...payload, targets: base64({ signatures: [], signed }) };
  expect(() => open(unsigned)).toThrow(refused('role-unknown'));
  const planned = open({ ...unsigned, plannedTargets: unsigned.targets });
  expect(planned.comparedWith).toBeUndefined();
});

test('roots that do not lead on from the trusted one are refused', async () => {
  await made.repo.renew('root');
  const payload = await made.repo.exportPayload('root');
  const other = await signedRepository();
  const elsewhere = await readFile(join(other.dir, 'metadata', '1.root.json'));
  expect(() => open(payload, { trustedRoot: elsewhere })).toThrow(refused('payload-invalid'));
  const { signed } = JSON.parse((await rootFile(1)).toString()) as { signed: object };
  expect(() => open({ ...payload, roots: [base64({ signatures: [], signed })] })).toThrow(refused('payload-invalid'));
  for (const key of ['a', 'b'] as const) await made.repo.sign('root', made.keys[key].signer);
  await made.repo.renew('root');
  const next = await made.repo.exportPayload('root');
  expect(() => open({ ...next, roots: next.roots.toReversed() })).toThrow(refused('payload-invalid'));
  expect(open(next, { trustedRoot: await rootFile(1) }).ground.previous).toMatchObject({ version: 2 });
  expect(open(next, { trustedRoot: await rootFile(2) }).ground.previous).toMatchObject({ version: 2 });
});

test('bytes that are not those of the draft beside them, or a list of another role, are not signed', async () => {
  await made.repo.renew('root');
  const payload = await made.repo.exportPayload('root');
  await made.repo.expireRoot({ days: 3000 });
  const other = await made.repo.exportPayload('root');
  expect(() => open({ ...payload, payload: other.payload })).toThrow(refused('payload-invalid'));
  expect(() => open({ ...payload, draft: other.draft })).toThrow(refused('payload-invalid'));
  expect(() => open({ ...payload, role: 'targets' })).toThrow(refused('metadata-invalid'));
  expect(() => open({ ...payload, role: 'timestamp' })).toThrow(refused('role-unknown'));
  expect(() => candidateFromPayload(Buffer.from('{}'), { now: START, keys })).toThrow(refused('payload-invalid'));
});

test('a root with a key whose holder is not known on this machine is shown, but not signed', async () => {
  await made.repo.renew('root');
  const candidate = open(await made.repo.exportPayload('root'), { keys: keys.filter(k => k.name !== 'c') });
  expect(() => judge(candidate)).toThrow(refused('key-unknown'));
  await expect(signDetached(candidate, made.keys.a.signer)).rejects.toEqual(refused('key-unknown'));
});
