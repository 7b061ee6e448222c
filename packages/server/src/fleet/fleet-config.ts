/** What an operator may tune about the fleet's pace: how much it may ask of the server, and what one asker may. */
export interface FleetConfig {
  /** How often a device at rest comes back while the fleet is small; the shortest interval. */
  readonly pollSeconds: number;
  /** The longest interval, however large the fleet. */
  readonly pollSecondsMax: number;
  /** Check-ins a second that the installation is to carry, over all of its processes. */
  readonly checkInsPerSecond: number;
  /** Bytes a second that check-ins may cost, over all processes; undefined: as many as they take. */
  readonly checkInBytesPerSecond?: number | undefined;
  /** Requests of one device, behind its token. */
  readonly deviceRequestsPerMinute: number;
  /** Requests of one address without a token: enrolment, nonce, token. Many devices may share an address. */
  readonly addressRequestsPerMinute: number;
  /** Mean delay of the event loop at which only what ends an update is still taken. */
  readonly loopDelayMs: number;
  /** Requests under way in one process at which the same holds. */
  readonly requestsAtOnce: number;
  /** Devices that may hold an event stream in one process. */
  readonly eventStreams: number;
}

export const DEFAULT_FLEET_CONFIG: FleetConfig = {
  pollSeconds: 300,
  pollSecondsMax: 86_400,
  checkInsPerSecond: 500,
  deviceRequestsPerMinute: 120,
  addressRequestsPerMinute: 1200,
  loopDelayMs: 100,
  requestsAtOnce: 1000,
  eventStreams: 10_000,
};

/** Turns nobody away: for tests, and for measuring what lies behind. */
export const UNHURRIED: FleetConfig = {
  ...DEFAULT_FLEET_CONFIG,
  checkInsPerSecond: 1_000_000,
  deviceRequestsPerMinute: 1_000_000,
  addressRequestsPerMinute: 1_000_000,
  loopDelayMs: 60_000,
};
