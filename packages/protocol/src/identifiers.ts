/** Names and numbers that travel between the packages: their patterns, each in one place. */
import * as Type from './type.ts';
import { LIMITS } from './limits.ts';
import { CODE_NAMES } from './codes.ts';
import { UPDATE_STATES } from './states.ts';

/**
 * Product, channel, component and hardware names. They start with a letter: integer-like keys are re-ordered by JSON
 * engines.
 */
export const NAME_PATTERN = '^[a-z][a-z0-9-]{0,31}$';
/** Versions are labels for people; order comes from the counter alone. */
export const VERSION_PATTERN = '^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$';
export const FILE_PATTERN = '^[0-9A-Za-z][0-9A-Za-z._+-]{0,127}$';
export const HEX_32_PATTERN = '^[0-9a-f]{32}$';
export const SHA256_PATTERN = '^[0-9a-f]{64}$';
export const TAG_PATTERN = '^[a-z0-9][a-z0-9._-]{0,63}$';
export const ROLE_PATTERN = '^[a-z][a-z0-9-]{0,79}$';
export const TARGET_PATTERN =
  '^[a-z][a-z0-9-]{0,31}/[a-z0-9][a-z0-9-]{0,31}/[a-z][a-z0-9-]{0,31}/[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}/[0-9A-Za-z][0-9A-Za-z._+-]{0,127}$';

export const Name = Type.String({ pattern: NAME_PATTERN });
/** A name that operators give devices, to group them. */
export const Tag = Type.String({ pattern: TAG_PATTERN });
/** The one group that a device may belong to. */
export const Group = Type.String({ pattern: TAG_PATTERN });
export const Version = Type.String({ pattern: VERSION_PATTERN });
export const FileName = Type.String({ pattern: FILE_PATTERN });
/** Device ids, rollout ids, rollout salts, boot ids, report ids: 32 lowercase hex digits, random. */
export const Hex32 = Type.String({ pattern: HEX_32_PATTERN });
export const Sha256 = Type.String({ pattern: SHA256_PATTERN });
export const TargetPathText = Type.String({ pattern: TARGET_PATTERN });
export const Counter = Type.Integer({ minimum: 1, maximum: LIMITS.counterMax });
/** RFC 3339 in UTC, whole seconds. */
export const Instant = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})?Z$' });
export const CodeName = Type.Enum(CODE_NAMES);
export const UpdateStateName = Type.Enum([...UPDATE_STATES]);
export const ReleaseClass = Type.Enum(['security', 'maintenance', 'feature']);
export type ReleaseClass = 'security' | 'maintenance' | 'feature';
/** A day of the calendar, by UTC. */
export const Day = Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' });
