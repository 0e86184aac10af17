/** Whether a figure grows: the least-squares line through samples. */

export interface Sample {
  /** In the unit that the slope is given per: days, minutes. */
  readonly at: number;
  readonly value: number;
}

/** The slope of the line through the samples that is closest by least squares; 0 for fewer than two. */
export function slopeOf(samples: readonly Sample[]): number {
  const count = samples.length;
  if (count < 2) return 0;
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / count;
  const mean = samples.reduce((sum, { value }) => sum + value, 0) / count;
  let products = 0;
  let squares = 0;
  for (const { at, value } of samples) {
    products += (at - meanAt) * (value - mean);
    squares += (at - meanAt) ** 2;
  }
  return squares === 0 ? 0 : products / squares;
}

/** Bytes as megabytes. */
export function megabytes(bytes: number): number {
  return bytes / 2 ** 20;
}
