/**
 * The closed list of what can go wrong with an update, shared by device, server and gate.
 * `class` says what the device does next: `retry` later, `reject` for good, or `bug` (ours).
 * `weight` says what the gate makes of it: `counts` against the release, `neutral`, or `authenticity` (an alarm of its own).
 */
export type CodeClass = 'retry' | 'reject' | 'bug';
export type CodeWeight = 'counts' | 'neutral' | 'authenticity';

interface Meaning {
  readonly class: CodeClass;
  readonly weight: CodeWeight;
  /** One plain sentence for owners and logs. */
  readonly text: string;
}

export const CODES = {
  'metadata-signature': {
    class: 'reject',
    weight: 'authenticity',
    text: 'The signed lists carry a signature that is not valid.',
  },
  'metadata-rollback': {
    class: 'reject',
    weight: 'authenticity',
    text: 'The signed lists are older than those already seen.',
  },
  'metadata-mismatch': { class: 'reject', weight: 'authenticity', text: 'The signed lists do not belong together.' },
  'metadata-too-large': { class: 'reject', weight: 'authenticity', text: 'The signed lists are larger than allowed.' },
  'metadata-malformed': { class: 'reject', weight: 'authenticity', text: 'The signed lists cannot be read.' },
  'metadata-expired': {
    class: 'retry',
    weight: 'neutral',
    text: 'The signed lists are out of date; somebody may be holding newer ones back.',
  },
  'artifact-hash': { class: 'reject', weight: 'authenticity', text: 'The downloaded software is not what was signed.' },
  'artifact-length': {
    class: 'reject',
    weight: 'authenticity',
    text: 'The downloaded software does not have the signed length.',
  },
  'target-not-signed': { class: 'reject', weight: 'authenticity', text: 'The offered software is in no signed list.' },
  'wrong-channel': {
    class: 'reject',
    weight: 'authenticity',
    text: 'The offered software is for another product or channel.',
  },
  'wrong-hardware': { class: 'reject', weight: 'counts', text: 'The offered software is for other hardware.' },
  'counter-rollback': {
    class: 'reject',
    weight: 'authenticity',
    text: 'The offered software is older than what the device had.',
  },
  held: { class: 'reject', weight: 'neutral', text: 'The maker asks not to install this release.' },
  withdrawn: { class: 'reject', weight: 'neutral', text: 'The maker has withdrawn this release.' },
  stopped: { class: 'reject', weight: 'neutral', text: 'The maker has stopped this rollout.' },
  'schema-unknown': {
    class: 'reject',
    weight: 'neutral',
    text: 'The release asks for abilities that this device does not have.',
  },
  'requirement-missing': { class: 'retry', weight: 'neutral', text: 'Another part must be updated first.' },
  'stepping-stone-missing': { class: 'retry', weight: 'neutral', text: 'An earlier release must be installed first.' },
  network: { class: 'retry', weight: 'neutral', text: 'The update server could not be reached.' },
  'data-budget': { class: 'retry', weight: 'neutral', text: 'The data budget for updates is used up for now.' },
  'disk-full': { class: 'retry', weight: 'neutral', text: 'There is not enough room on the disk.' },
  'disk-io': { class: 'retry', weight: 'counts', text: 'The disk could not be read or written.' },
  'battery-low': { class: 'retry', weight: 'neutral', text: 'The battery is too low.' },
  'not-now': { class: 'retry', weight: 'neutral', text: 'The device is in use or its owner asked to wait.' },
  'installer-failed': { class: 'reject', weight: 'counts', text: 'The software could not be installed.' },
  'slot-mismatch': { class: 'retry', weight: 'counts', text: 'What was written differs from what was sent.' },
  'activate-failed': { class: 'retry', weight: 'counts', text: 'The new software could not be activated.' },
  'boot-failed': { class: 'reject', weight: 'counts', text: 'The new software did not start.' },
  'health-failed': { class: 'reject', weight: 'counts', text: 'The new software started but did not work properly.' },
  'trial-timeout': { class: 'reject', weight: 'counts', text: 'The new software did not prove itself in time.' },
  silent: { class: 'reject', weight: 'counts', text: 'The device was not heard of after it began the update.' },
  internal: { class: 'bug', weight: 'counts', text: 'The update agent has a fault of its own.' },
} as const satisfies Record<string, Meaning>;

export type Code = keyof typeof CODES;

export const CODE_NAMES = Object.keys(CODES) as Code[];

/** True where the name stands in the closed list (and is not merely a property of every object). */
export function isCode(name: string): name is Code {
  return Object.hasOwn(CODES, name);
}
