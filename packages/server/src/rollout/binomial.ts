/**
 * The exact upper tail of the binomial distribution: how surprising are this many failures, if the release only has
 * the failure rate that it may have? Stable from one device to millions: terms are summed outward from the largest.
 */

/** Largest share of the sum below which further terms no longer change a double. */
const NEGLIGIBLE = 1e-18;

/**
 * P(X >= k) for X ~ Binomial(n, p).
 * @param k failures seen, an integer @param n outcomes seen, an integer @param p allowed rate, 0..1
 */
export function binomialTail(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  // Above the mean the tail's terms fall from k on; below it the rest is the smaller sum.
  return k > n * p ? Math.min(1, upward(k, n, p)) : Math.max(0, 1 - downward(k - 1, n, p));
}

function upward(k: number, n: number, p: number): number {
  const odds = p / (1 - p);
  let term = Math.exp(logMass(k, n, p));
  let sum = term;
  for (let i = k; i < n && term > sum * NEGLIGIBLE; i += 1) {
    term *= ((n - i) / (i + 1)) * odds;
    sum += term;
  }
  return sum;
}

function downward(k: number, n: number, p: number): number {
  const odds = p / (1 - p);
  let term = Math.exp(logMass(k, n, p));
  let sum = term;
  for (let i = k; i > 0 && term > sum * NEGLIGIBLE; i -= 1) {
    term *= i / (n - i + 1) / odds;
    sum += term;
  }
  return sum;
}

function logMass(k: number, n: number, p: number): number {
  return logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p);
}

/** Of the number of ways to take `k` of `n`. */
export function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Below this the product is exact enough; above it Stirling's series is. */
const SERIES_FROM = 32;

function logFactorial(n: number): number {
  if (n < SERIES_FROM) {
    let product = 1;
    for (let i = 2; i <= n; i += 1) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  return (
    (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5)
  );
}
