"use strict";
// Means with intervals and differences, as comparison/statistics.py computes them.
NS.stats = {
  // 97.5 % quantile of Student's t: the incomplete beta function, inverted by bisection.
  t(freedom) {
    NS.stats.known ??= new Map();
    let found = NS.stats.known.get(freedom);
    if (found !== undefined) return found;
    let low = 0, high = 1000;
    for (let k = 0; k < 80; k++) {
      const mid = (low + high) / 2;
      if (NS.stats.tail(mid, freedom) > 0.025) low = mid; else high = mid;
    }
    found = (low + high) / 2;
    NS.stats.known.set(freedom, found);
    return found;
  },

  tail(t, freedom) { return 0.5 * NS.stats.beta(freedom / (freedom + t * t), freedom / 2, 0.5); },

  gammaLog(x) {
    const c = [76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155, 0.001208650973866179, -0.000005395239384953];
    let y = x, sum = 1.000000000190015;
    for (const a of c) sum += a / ++y;
    return (x + 0.5) * Math.log(x + 5.5) - (x + 5.5) + Math.log((2.5066282746310005 * sum) / x);
  },

  // Regularised incomplete beta by its continued fraction (Lentz).
  beta(x, a, b) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - NS.stats.beta(1 - x, b, a);
    const front = Math.exp(NS.stats.gammaLog(a + b) - NS.stats.gammaLog(a) - NS.stats.gammaLog(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
    let c = 1, d = 1 / (1 - ((a + b) * x) / (a + 1)), h = d;
    for (let m = 1; m < 300; m++) {
      const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
      d = 1 / (1 + even * d); c = 1 + even / c; h *= d * c;
      const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
      d = 1 / (1 + odd * d); c = 1 + odd / c;
      const change = d * c;
      h *= change;
      if (Math.abs(change - 1) < 1e-14) break;
    }
    return front * h;
  },

  variance(list, mean) { return list.reduce((a, v) => a + (v - mean) ** 2, 0) / (list.length - 1); },
  mean(list) { return list.reduce((a, b) => a + b, 0) / list.length; },

  interval(list) {
    const x = list.filter(Number.isFinite), n = x.length;
    if (!n) return { mean: NaN, half: NaN, n };
    const mean = NS.stats.mean(x);
    if (n < 2) return { mean, half: NaN, n };
    return { mean, half: NS.stats.t(n - 1) * Math.sqrt(NS.stats.variance(x, mean) / n), n };
  },

  // Runs that agree to the digit say how coarse the test is, not how sure the difference.
  spread(error, values) { return error > 1e-9 * Math.max(...values.map(Math.abs)); },

  // Two maps seed -> value: paired where the seeds are the same, else Welch's.
  difference(a, b) {
    const x = [...a.values()], y = [...b.values()], none = { mean: NaN, half: NaN, paired: false, n: 0, apart: false };
    if (!x.length || !y.length) return none;
    const told = (mean, half, paired, n) => ({ mean, half, paired, n, apart: Number.isFinite(half) && Math.abs(mean) > half });
    if (a.size >= 2 && a.size === b.size && [...a.keys()].every((seed) => b.has(seed))) {
      const { mean, half, n } = NS.stats.interval([...a].map(([seed, value]) => value - b.get(seed)));
      return told(mean, NS.stats.spread(half, [...x, ...y]) ? half : NaN, true, n);
    }
    const gap = NS.stats.mean(x) - NS.stats.mean(y), n = Math.min(x.length, y.length);
    if (n < 2) return told(gap, NaN, false, n);
    const u = NS.stats.variance(x, NS.stats.mean(x)) / x.length, v = NS.stats.variance(y, NS.stats.mean(y)) / y.length;
    if (!NS.stats.spread(Math.sqrt(u + v), [...x, ...y])) return told(gap, NaN, false, n);
    const freedom = (u + v) ** 2 / (u ** 2 / (x.length - 1) + v ** 2 / (y.length - 1));
    return told(gap, NS.stats.t(freedom) * Math.sqrt(u + v), false, n);
  },
};
