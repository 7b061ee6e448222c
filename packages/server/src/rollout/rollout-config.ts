/**
 * What an operator of the server may tune about rollouts. Seconds may be fractions here: a demonstration ticks fast.
 */
export interface RolloutConfig {
  /** How often the gates are judged. */
  readonly gateTickSeconds: number;
  /** Reports older than this are forgotten; what they proved stays in the attempts. */
  readonly reportRetentionDays: number;
}

export const DEFAULT_ROLLOUT_CONFIG: RolloutConfig = {
  gateTickSeconds: 2,
  reportRetentionDays: 90,
};
