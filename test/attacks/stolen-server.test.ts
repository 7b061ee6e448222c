/** Whoever owns the server, its database and its address can withhold and delay. This is what else they try. */
import { randomBytes } from 'node:crypto';
import { emptyDatabase } from '@tidegate/server/testing';
import type { AgentStatus } from '@tidegate/agent';
import type { Code, Offer } from '@tidegate/protocol';
import { expect, test } from 'vitest';
import { type Attack, otherBytes, startEvilServer } from '../src/evil-server.ts';
import { makeKey, signed } from '../src/repo-sim.ts';
import { metadataOf } from '../src/signing-desk.ts';
import { until } from '../src/until.ts';
import { openWorld } from '../src/world.ts';

interface SecurityEvent {
  readonly code: string;
  readonly target?: string;
}

const older = 'gw2/stable/app/1.0.0/sample-1.0.0.tar';
const good = 'gw2/stable/app/1.2.0/sample-1.2.0.tar';
const foreign = 'cam1/stable/app/9.0.0/sample-9.0.0.tar';
const invented = 'gw2/stable/app/6.6.6/evil.tar';

function offer(target: string, counter: number): Offer {
  return {
    rolloutId: randomBytes(16).toString('hex'),
    attempt: 1,
    target,
    component: 'app',
    counter,
    class: 'security',
    notBefore: '2026-01-01T00:00:00Z',
    pollDuringUpdateSeconds: 1,
  };
}

test('a stolen server installs nothing, each refusal is named, and the next honest update succeeds', async () => {
  const database = await emptyDatabase();
  await using world = await openWorld({ databaseUrl: database.url, devices: 1 });
  const [member] = world.fleet.members;
  if (!member) throw new Error('the fleet is empty');
  const { api } = member.device;
  await world.rollOut(await world.publish({ version: '1.1.0', health: 'well' }));
  const stale = await metadataOf(world.desk, 'timestamp.json');
  await world.publish({ version: '1.2.0', health: 'well' });
  await world.publish({ version: '9.0.0', health: 'well' }, 'cam1');

  const port = Number(new URL(world.server.deviceUrl).port);
  const hidden = await world.moveServer(0);
  const evil = await startEvilServer(hidden.deviceUrl, port);
  const timestamp = JSON.parse((await metadataOf(world.desk, 'timestamp.json')).toString()) as {
    signed: { version: number };
  };
  const forged = signed({ ...timestamp.signed, version: timestamp.signed.version + 1 }, [makeKey()]);

  const attacks: [code: Code, attack: Attack & { offer: Offer }][] = [
    ['artifact-hash', { offer: offer(good, 3) }],
    ['artifact-length', { offer: offer(good, 3), artifact: ({ length }) => otherBytes(length * 2) }],
    ['counter-rollback', { offer: offer(older, 1) }],
    ['wrong-channel', { offer: offer(foreign, 3) }],
    ['target-not-signed', { offer: offer(invented, 99) }],
    ['target-not-signed', { offer: offer('../../etc/passwd', 99) }],
    ['metadata-rollback', { offer: offer(good, 3), metadata: new Map([['timestamp.json', stale]]) }],
    ['metadata-signature', { offer: offer(good, 3), metadata: new Map([['timestamp.json', forged]]) }],
  ];
  try {
    for (const [code, attack] of attacks) {
      // 1.2.0 is validly signed: given its honest bytes, a device still busy with the attack before would rightly take it.
      evil.attack({ artifact: ({ length }) => otherBytes(length), ...attack });
      await until(`the device to refuse: ${code}`, async () => {
        const { events } = await api.get<{ events: SecurityEvent[] }>('/v1/security/events');
        return events.some(e => e.code === code && e.target === attack.offer.target) ? true : undefined;
      });
      const status = await api.get<AgentStatus>('/v1/status');
      expect(status.components[0]?.version).toBe('1.1.0');
    }
  } finally {
    await evil.close();
  }

  await world.moveServer(port);
  const reported = await until('the refusals to reach the honest server', async () => {
    const codes = new Set((await world.reports(member.deviceId)).map(r => r.code));
    return attacks.every(([code]) => codes.has(code)) ? codes : undefined;
  });
  expect([...reported]).toEqual(expect.arrayContaining(attacks.map(([code]) => code)));
  expect(await world.rollOut(good)).toMatchObject({ state: 'completed', counts: { verified: 1 } });
});
