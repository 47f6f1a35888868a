// Kolmogorov–Smirnov tests: the largest distance between two distribution functions, and how likely so large a one is
// by chance. p comes from the asymptotic law with Stephens' correction (Numerical Recipes, section 14.3).

/** Distance and the probability of at least that distance if both distributions were the same. */
export interface KolmogorovSmirnov {
  readonly distance: number;
  readonly p: number;
}

/** Samples against a distribution function. */
export function testAgainst(
  samples: ArrayLike<number>,
  distribution: (x: number) => number,
): KolmogorovSmirnov {
  const sorted = Float64Array.from(samples).sort();
  const n = sorted.length;
  let distance = 0;
  sorted.forEach((x, i) => {
    const expected = distribution(x);
    distance = Math.max(distance, expected - i / n, (i + 1) / n - expected);
  });
  return { distance, p: probability(distance, n) };
}

/** Two sets of samples against each other. */
export function testTwoSamples(first: ArrayLike<number>, second: ArrayLike<number>): KolmogorovSmirnov {
  const a = Float64Array.from(first).sort();
  const b = Float64Array.from(second).sort();
  let distance = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const x = Math.min(a[i], b[j]);
    while (i < a.length && a[i] <= x) i++;
    while (j < b.length && b[j] <= x) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  return { distance, p: probability(distance, (a.length * b.length) / (a.length + b.length)) };
}

function probability(distance: number, effectiveCount: number): number {
  const root = Math.sqrt(effectiveCount);
  const x = (root + 0.12 + 0.11 / root) * distance;
  if (x < 0.2) return 1; // the series converges slowly there, and p is above 1 − 1e−12
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, sum));
}

/** Φ(x), the standard normal distribution function, to 1e−7 (Abramowitz & Stegun 26.2.17). */
export function normalDistribution(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return x >= 0 ? 1 - tail : tail;
}
