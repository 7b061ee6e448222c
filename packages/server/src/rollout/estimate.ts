/**
 * How many devices of a fleet are meant, from a part of it. Device ids are random, so the first ones in their order are
 * a fair sample, and how far the last of them lies in the space of all ids says which part of the fleet it is. Pure.
 */

export interface Looked {
  /** Devices that were looked at, in the order of ids from the first. */
  readonly looked: number;
  /** The last of them; undefined where the whole fleet was looked at. */
  readonly last: string | undefined;
}

export interface Estimate {
  readonly devices: number;
  /** Either way, 19 times in 20. */
  readonly margin: number;
}

/** 48 bits are as much as a number holds exactly, and far finer than any sample. */
const ID_DIGITS = 12;
const ID_SPACE = 16 ** ID_DIGITS;
const NINETEEN_IN_TWENTY = 1.96;
/** Where none of a sample was found, three of the missing would have shown 19 times in 20. */
const RULE_OF_THREE = 3;

/** @param found how many of those looked at are meant */
export function estimate(found: number, { last }: Looked): Estimate {
  if (last === undefined) return { devices: found, margin: 0 };
  const part = (Number.parseInt(last.slice(0, ID_DIGITS), 16) + 1) / ID_SPACE;
  const spread = found === 0 ? RULE_OF_THREE : NINETEEN_IN_TWENTY * Math.sqrt(found);
  return { devices: Math.round(found / part), margin: Math.ceil(spread / part) };
}
