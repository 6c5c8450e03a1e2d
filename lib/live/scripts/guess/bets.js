// How choices went that were made with so much sureness, each a bet. No DOM here.

/** Bets by how sure they were: [{sure, n, right}], the least sure first. */
export function grouped(bets) {
  const levels = [...new Set(bets.map(({ sure }) => sure.toFixed(2)))].sort();
  return levels.map((level) => {
    const some = bets.filter(({ sure }) => sure.toFixed(2) === level);
    const right = some.filter((bet) => bet.right).length / some.length;
    return { sure: Number(level), n: some.length, right };
  });
}

/** Means over bets, in nats: their cost, that of an even bet, and that which was expected. */
export function means(bets) {
  const mean = (cost) => bets.reduce((sum, bet) => sum + cost(bet), 0) / bets.length;
  const term = (p) => (p > 0 ? -p * Math.log(p) : 0);
  return {
    cost: mean(({ score }) => score),
    even: mean(({ n }) => Math.log(n)),
    expected: mean(({ sure, n }) => term(sure) + term(1 - sure) + (1 - sure) * Math.log(n - 1)),
  };
}
