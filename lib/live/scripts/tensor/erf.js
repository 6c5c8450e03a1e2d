// The error function, which JavaScript lacks.

/** erf(x) to double precision: a series near zero, a continued fraction beyond. */
export function erf(x) {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return NaN;
  if (a > 6) return Math.sign(x);
  return Math.sign(x) * (a < 2.5 ? series(a) : 1 - continuedFraction(a));
}

// erf(a) = 2 / sqrt(pi) * (a - a^3 / 3 + a^5 / (2! 5) - ...)
function series(a) {
  let term = a;
  let sum = a;
  for (let n = 1; n <= 200 && Math.abs(term) > 1e-17 * sum; n++) {
    term *= (-a * a) / n;
    sum += term / (2 * n + 1);
  }
  return (2 * sum) / Math.sqrt(Math.PI);
}

// 1 - erf(a) = exp(-a^2) / sqrt(pi) / (a + (1/2) / (a + (2/2) / (a + (3/2) / ...)))
function continuedFraction(a) {
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
  return Math.exp(-a * a) / ((a + fraction) * Math.sqrt(Math.PI));
}
