/** How long, how many, and by which chance: what `npm run test:chaos` was asked for, handed on in the environment. */
export interface ChaosPlan {
  readonly seed: number;
  readonly devices: number;
  /** What each fault may take at least; none is broken off. */
  readonly secondsEach: number;
}

const DEVICES = 100;

export function chaosPlan(env: Readonly<Record<string, string | undefined>>): ChaosPlan {
  const { seed = 1, secondsEach = 0 } = JSON.parse(env['TIDEGATE_CHAOS'] ?? '{}') as Partial<ChaosPlan>;
  return { seed, devices: DEVICES, secondsEach };
}
