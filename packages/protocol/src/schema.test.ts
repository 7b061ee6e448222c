import { expect, test } from 'vitest';
import { CheckInAnswer, CheckInRequest } from './check-in.ts';
import { isCode } from './codes.ts';
import { RolloutRequest } from './rollout.ts';
import { jsonParser, parser } from './schema.ts';

const checkIn = { agentVersion: '0.1.0', hardware: 'gw2-b', channel: 'stable', bootId: '0'.repeat(32), components: [] };

test('refuses an unknown field of a request and names it', () => {
  expect(parser(CheckInRequest)({ ...checkIn, location: 'kitchen' })).toMatchObject({
    ok: false,
    fault: { path: '/location' },
  });
});

test('names the field of a wrong type', () => {
  expect(parser(CheckInRequest)({ ...checkIn, bootId: 7 })).toMatchObject({ ok: false, fault: { path: '/bootId' } });
});

test('reads an answer that a newer server has added to', () => {
  const answer = { offer: null, stop: [], pollAfterSeconds: 60, newer: true };
  expect(parser(CheckInAnswer)(answer)).toMatchObject({ ok: true });
});

test('refuses an unknown field in a gate', () => {
  const rollout = { target: 'gw2/stable/app/1.0.0/app.tar', phases: [{ basisPoints: 1 }], gate: { soak: 1 } };
  expect(parser(RolloutRequest)(rollout)).toMatchObject({ ok: false, fault: { path: '/gate/soak' } });
});

test('says that a text is not JSON', () => {
  expect(jsonParser(CheckInAnswer)('{')).toMatchObject({ ok: false, fault: { path: '' } });
});

test('does not take a property of every object for a code', () => {
  expect(isCode('toString')).toBe(false);
  expect(isCode('artifact-hash')).toBe(true);
});
