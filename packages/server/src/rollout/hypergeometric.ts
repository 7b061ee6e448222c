/** The exact upper tail of the hypergeometric distribution (Fisher's exact test): are the marked among the drawn by chance? */
import { logChoose } from './binomial.ts';

interface Draw {
  readonly drawn: number;
  /** Of all, drawn or not. */
  readonly marked: number;
  readonly of: number;
}

/** P(X >= k) marked ones among the drawn. @param k and all of the draw: integers */
export function hypergeometricTail(k: number, { drawn, marked, of }: Draw): number {
  const whole = logChoose(of, drawn);
  let sum = 0;
  for (let i = Math.max(k, drawn + marked - of); i <= Math.min(drawn, marked); i += 1) {
    sum += Math.exp(logChoose(marked, i) + logChoose(of - marked, drawn - i) - whole);
  }
  return Math.min(1, sum);
}
