// The one statistic that the bench reports: the middle of the samples, unmoved by a neighbour's burst of work.

/** The middle value; the mean of the two middle ones when their number is even. NaN for no samples. */
export const median = (samples: readonly number[]): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? Number.NaN : (upper + lower) / 2;
};

/** The mean of the middle half: finer than the middle of whole numbers, and as unmoved. NaN for no samples. */
export const middleMean = (samples: readonly number[]): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  const quarter = sorted.length >> 2;
  const half = sorted.slice(quarter, sorted.length - quarter);
  return half.reduce((sum, each) => sum + each, 0) / half.length;
};
