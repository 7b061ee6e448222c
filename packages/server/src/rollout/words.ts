/** Numbers as people read them in a gate's reasons. */

export function devices(count: number): string {
  return count === 1 ? '1 device' : `${count} devices`;
}

/** @param basisPoints 1/100 of a percent */
export function percent(basisPoints: number): string {
  return `${basisPoints / 100} %`;
}

export function seconds(count: number): string {
  if (count >= 7200) return `${Math.round(count / 3600)} h`;
  return count >= 120 ? `${Math.round(count / 60)} min` : `${count} s`;
}
