/**
 * At which counts of outcomes the tail test looks. Testing after every single outcome would find an unlucky moment
 * in any good release; looking at fixed, widening counts keeps a false halt rare however large the fleet.
 */

const WIDENING = 1.5;
const FIRST_LOOK = 3;

/**
 * The greatest fixed count that was passed by now and not looked at yet; undefined where none was.
 * @param lookedAt outcomes at the last look, 0 before the first
 */
export function dueLook(lookedAt: number, outcomes: number): number | undefined {
  let look = FIRST_LOOK;
  if (outcomes < look) return undefined;
  while (Math.ceil(look * WIDENING) <= outcomes) look = Math.ceil(look * WIDENING);
  return look > lookedAt ? look : undefined;
}
