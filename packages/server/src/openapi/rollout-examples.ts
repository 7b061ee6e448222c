/** Rollouts. */
import {
  DEFAULT_GATE,
  Gate,
  LIMITS,
  GateDecision,
  Pace,
  Phase,
  Ramp,
  PendingApproval,
  ProductPolicy,
  ProductPolicyRequest,
  ProductPolicyView,
  RolloutAdvanceRequest,
  RolloutApprovalRequest,
  RolloutConflict,
  RolloutCounts,
  RolloutPreview,
  RolloutRequest,
  RolloutRescheduleRequest,
  RolloutRetryAnswer,
  RolloutRetryRequest,
  RolloutView,
  SteppingStone,
  Window,
  WindowRule,
} from '@tidegate/protocol';
import { DEVICE_ID, MORNING, NOON, ROLLOUT_ID, SALT, TARGET } from './example-values.ts';
import { DEVICE, RELEASE } from './fleet-examples.ts';
import { named } from './schema-book.ts';

const phases: Phase[] = [{ basisPoints: 1000 }, { basisPoints: 10_000 }];
const counts: RolloutCounts = {
  offered: 10,
  begun: 10,
  verified: 9,
  failed: 1,
  neutral: 0,
  rolledBack: 1,
  refused: 0,
};
const nobody: RolloutCounts = {
  offered: 0,
  begun: 0,
  verified: 0,
  failed: 0,
  neutral: 0,
  rolledBack: 0,
  refused: 0,
};
const decision: GateDecision = {
  at: NOON,
  phase: 0,
  action: 'hold',
  reason: '9 of 10 devices verified; soaks for 20 h more',
  counts,
};
const nights: WindowRule = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '22:00', to: '06:00' };

const rollout: RolloutView = {
  id: ROLLOUT_ID,
  name: 'app 1.3.0',
  state: 'running',
  target: TARGET,
  product: 'gw2',
  channel: 'stable',
  component: 'app',
  version: '1.3.0',
  counter: 13,
  class: 'feature',
  filter: 'site==north',
  exclude: 'group==pilot',
  salt: SALT,
  phases,
  openPhase: 0,
  gate: DEFAULT_GATE,
  pace: { devicesPerMinute: 600, devicesAtWork: 2000 },
  window: [nights],
  urgent: false,
  notBefore: MORNING,
  total: { devices: 21_500, countedAt: MORNING },
  counts,
  phaseCounts: [counts, nobody],
  decisions: [decision],
  createdAt: MORNING,
  createdBy: 'olga',
  approval: null,
  endedAt: null,
  selfOfferAt: null,
  holdNeededBy: null,
};

const policy: ProductPolicy = { gate: { soakSeconds: 172_800 }, approval: 'start' };

const conflict: RolloutConflict = {
  rolloutId: ROLLOUT_ID,
  name: 'app 1.2.0',
  state: 'running',
  target: TARGET,
  class: 'feature',
  effect: 'refuses',
  devices: 4800,
};

const stone: SteppingStone = {
  leastCounter: 10,
  devices: 300,
  rollouts: [{ rolloutId: ROLLOUT_ID, name: 'app 1.1.0', state: 'completed', target: TARGET }],
  missing: [],
};

export const ROLLOUT_EXAMPLES = [
  named('Phase', Phase, { basisPoints: 1000 }),
  named('Ramp', Ramp, { devicesPerMinute: 10, growth: 20_000, verified: 50 }),
  named('Pace', Pace, { overSeconds: 21_600, devicesPerMinute: 600, devicesAtWork: 2000, leaseSeconds: 900 }),
  named('WindowRule', WindowRule, nights),
  named('Window', Window, [nights, { days: ['sat', 'sun'], from: '00:00', to: '24:00' }]),
  named('Gate', Gate, DEFAULT_GATE),
  named('RolloutCounts', RolloutCounts, counts),
  named('GateDecision', GateDecision, decision),
  named('RolloutRequest', RolloutRequest, {
    name: 'app 1.3.0',
    target: TARGET,
    filter: 'site==north',
    exclude: 'group==pilot',
    phases,
    gate: { soakSeconds: 86_400 },
  }),
  named('RolloutConflict', RolloutConflict, conflict),
  named('SteppingStone', SteppingStone, stone),
  named('RolloutPreview', RolloutPreview, {
    release: RELEASE,
    devices: { meant: 48_000, current: 2000, exact: false, margin: 2100, looked: 20_000 },
    phases: [
      { devices: 4800, approval: false },
      { devices: 48_000, approval: true },
    ],
    gate: DEFAULT_GATE,
    pace: {},
    sample: [DEVICE],
    conflicts: [conflict],
    stone,
  }),
  named('RolloutView', RolloutView, rollout),
  named('RolloutRescheduleRequest', RolloutRescheduleRequest, { notBefore: NOON }),
  named('PendingApproval', PendingApproval, {
    phase: 1,
    askedAt: MORNING,
    expiresAt: new Date(Date.parse(MORNING) + LIMITS.approvalSeconds * 1000).toISOString(),
  }),
  named('RolloutApprovalRequest', RolloutApprovalRequest, { phase: 1, reason: 'the pilot sites are content' }),
  named('ProductPolicy', ProductPolicy, policy),
  named('ProductPolicyRequest', ProductPolicyRequest, policy),
  named('ProductPolicyView', ProductPolicyView, { product: 'gw2', policy, changedAt: NOON, changedBy: 'ada' }),
  named('RolloutAdvanceRequest', RolloutAdvanceRequest, { phase: 1, reason: 'the pilot sites asked for it' }),
  named('RolloutRetryRequest', RolloutRetryRequest, { devices: [DEVICE_ID] }),
  named('RolloutRetryAnswer', RolloutRetryAnswer, { rollout, retried: 1, exhausted: 0 }),
];
