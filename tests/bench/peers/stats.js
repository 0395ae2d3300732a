// Medians, and their intervals by a bootstrap of whole rounds.
'use strict';

function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// A small generator with a seed, so that the same samples give the same interval (Marsaglia 2003).
function generator(seed) {
  let x = seed >>> 0 || 1;
  return () => {
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x / 4294967296;
  };
}

// `rounds` is an array of { a: […], b: […] }, the samples of one turn of each. Samples of a turn are
// not independent of one another, so that rounds are drawn, not samples (block bootstrap; Künsch
// 1989). Gives medians of a and b and the ratio a/b, each with its 95 % interval.
function summarise(rounds, draws = 2000) {
  const random = generator(1);
  const figures = (chosen) => {
    const a = median(chosen.flatMap((r) => r.a));
    const b = median(chosen.flatMap((r) => r.b));
    return { a, b, ratio: a / b };
  };
  const seen = { a: [], b: [], ratio: [] };
  for (let i = 0; i < draws; i++) {
    const drawn = figures(rounds.map(() => rounds[Math.floor(random() * rounds.length)]));
    for (const key of Object.keys(seen)) seen[key].push(drawn[key]);
  }
  const point = figures(rounds);
  const result = {};
  for (const key of Object.keys(seen)) {
    seen[key].sort((x, y) => x - y);
    result[key] = {
      median: point[key],
      low: seen[key][Math.floor(0.025 * draws)],
      high: seen[key][Math.ceil(0.975 * draws) - 1],
    };
  }
  for (const key of ['a', 'b']) result[key].minimum = Math.min(...rounds.map((r) => Math.min(...r[key])));
  return result;
}

module.exports = { median, summarise };
