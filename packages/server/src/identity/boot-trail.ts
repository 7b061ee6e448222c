/**
 * Clones are told by their boots. A device that restarts has a new boot id and never has the old one again; two machines
 * that share one key take turns. Pure.
 */

/** So many boots a turn may be away before its return goes unnoticed. */
export const BOOTS_REMEMBERED = 8;

export interface BootTrail {
  /** Different boot ids, the one heard of last at the end. */
  readonly recent: readonly string[];
  /** One came back after another had been heard of. */
  readonly isClone: boolean;
}

/** @param heard boot ids in the order in which they were heard of */
export function followBoots(before: readonly string[], heard: readonly string[]): BootTrail {
  let recent = before;
  let isClone = false;
  for (const bootId of heard) {
    if (bootId === recent.at(-1)) continue;
    isClone ||= recent.includes(bootId);
    recent = [...recent.filter(id => id !== bootId), bootId].slice(-BOOTS_REMEMBERED);
  }
  return { recent, isClone };
}
