/** What devices and the server exchange. */
import {
  CheckInAnswer,
  CheckInRequest,
  EnrolAnswer,
  EnrolCertificateRequest,
  EnrolKeyRequest,
  EnrolRequest,
  NonceAnswer,
  Offer,
  Report,
  ReportsAnswer,
  ReportsRequest,
  RunningComponent,
  TokenAnswer,
  TokenRequest,
} from '@tidegate/protocol';
import {
  CLAIM_TOKEN,
  COMPONENT,
  DEVICE_ID,
  MORNING,
  NONCE,
  NOON,
  PUBLIC_KEY,
  ROLLOUT_ID,
  SHA256,
  SIGNATURE,
  TARGET,
} from './example-values.ts';
import { named } from './schema-book.ts';

const offer: Offer = {
  rolloutId: ROLLOUT_ID,
  attempt: 1,
  target: TARGET,
  component: 'app',
  counter: 13,
  class: 'feature',
  notBefore: MORNING,
  window: [{ days: ['sat', 'sun'], from: '02:00', to: '05:00' }],
  pollDuringUpdateSeconds: 120,
};
const report: Report = {
  id: '7c9e6679f4b54d2e8a1b3c5d7e9f0a2b',
  rolloutId: ROLLOUT_ID,
  attempt: 1,
  target: TARGET,
  component: 'app',
  counter: 13,
  version: '1.3.0',
  state: 'verified',
  sha256: SHA256,
  at: NOON,
};

export const DEVICE_EXAMPLES = [
  named('EnrolRequest', EnrolRequest, {
    product: 'gw2',
    claimToken: CLAIM_TOKEN,
    publicKey: PUBLIC_KEY,
    proof: SIGNATURE,
  }),
  named('EnrolKeyRequest', EnrolKeyRequest, {
    product: 'gw2',
    publicKey: PUBLIC_KEY,
    nonce: NONCE,
    proof: SIGNATURE,
  }),
  named('EnrolCertificateRequest', EnrolCertificateRequest, { product: 'gw2' }),
  named('EnrolAnswer', EnrolAnswer, { deviceId: DEVICE_ID, product: 'gw2' }),
  named('NonceAnswer', NonceAnswer, { nonce: NONCE, expiresInSeconds: 60 }),
  named('TokenRequest', TokenRequest, { deviceId: DEVICE_ID, nonce: NONCE, signature: SIGNATURE }),
  named('TokenAnswer', TokenAnswer, { accessToken: 'eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl', expiresInSeconds: 3600 }),
  named('RunningComponent', RunningComponent, COMPONENT),
  named('CheckInRequest', CheckInRequest, {
    agentVersion: '0.1.0',
    hardware: 'gw2-b',
    channel: 'stable',
    bootId: '3b1f8a6c5d2e4f70918273645a6b7c8d',
    components: [COMPONENT],
    attributes: { site: 'north' },
  }),
  named('Offer', Offer, offer),
  named('CheckInAnswer', CheckInAnswer, { offer, stop: [], pollAfterSeconds: 3600 }),
  named('Report', Report, report),
  named('ReportsRequest', ReportsRequest, { reports: [report] }),
  named('ReportsAnswer', ReportsAnswer, { acknowledged: [report.id] }),
];
