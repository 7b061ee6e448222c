/**
 * Every bound that more than one package relies on. A limit that only one package needs stands in that package.
 * Sizes are bytes, times are seconds, shares are basis points (1/100 of a percent).
 */
export const LIMITS = {
  // TUF metadata, by kind of file: what a client reads at most, whatever the snapshot says.
  rootBytes: 512 * 1024,
  timestampBytes: 16 * 1024,
  snapshotBytes: 256 * 1024,
  targetsBytes: 1024 * 1024,
  rootRotationsPerRefresh: 256,
  targetsPerRole: 500,
  rolesPerSnapshot: 500,
  withdrawalsPerRole: 1000,

  // Firmware.
  artifactBytes: 16 * 1024 ** 3,
  // Shorter ways to an image. A device holds one block, its dictionary and the head in memory, or the index.
  patchBlockBytesMin: 64 * 1024,
  patchBlockBytes: 8 * 1024 ** 2,
  patchDictionaryBytes: 16 * 1024 ** 2,
  patchRangesPerBlock: 90,
  patchHeadBytes: 4 * 1024 ** 2,
  chunkIndexBytes: 32 * 1024 ** 2,
  customBytes: 1500,
  customDepth: 3,
  /** What lies beside an image: its parts list, how it was built, long notes. */
  documentBytes: 32 * 1024 ** 2,
  /** bundle.json and product.json. */
  bundleBytes: 256 * 1024,
  productBytes: 64 * 1024,
  partsPerBundle: 16,
  // What a release lets devices do by themselves.
  scheduleSteps: 12,
  scheduleHours: 366 * 24,
  selfOfferDays: 366,
  /** A release counter rises by at most this much at once, so that a slip cannot use up the range. */
  counterStep: 1000,
  counterMax: 2 ** 48,

  // HTTP bodies of the device API.
  checkInBytes: 16 * 1024,
  reportsBytes: 128 * 1024,
  enrolBytes: 4 * 1024,
  // Uploads of the admin API.
  csvBytes: 8 * 1024 * 1024,
  csvLines: 50_000,
  componentsPerDevice: 16,
  attributesPerDevice: 32,
  tagsPerDevice: 32,
  reportsPerRequest: 100,
  detailChars: 300,
  /** The longest that the signing service holds an answer back until a submission's state changes. */
  submissionWaitSeconds: 60,

  // Rollouts.
  phasesPerRollout: 100,
  /** Two a day. */
  windowRules: 14,
  /** A shorter window could be over before a device looks. */
  windowMinutesMin: 10,
  /** A rollout may be planned so far ahead. */
  startAheadSeconds: 366 * 86_400,
  /** So long another person's approval is waited for. */
  approvalSeconds: 7 * 86_400,
  filterChars: 2000,
  /** Beyond this a device refuses another attempt, and a server makes none. */
  attemptsPerRollout: 5,
  shareMax: 10_000,

  // Times.
  nonceSeconds: 60,
  pollSecondsMin: 1,
  pollSecondsMax: 7 * 24 * 3600,
} as const;
