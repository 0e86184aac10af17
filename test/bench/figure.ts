/** What the benchmark measures: figures of ours beside somebody else's, taken in turns in one run. */

/** How a measurement is made. */
export interface Bench {
  /** Tells the progress. */
  readonly say: (text: string) => void;
  /** Rounds to measure, where so many make a figure that holds. */
  readonly rounds: (whole: number) => number;
}

/** One row of the table. */
export interface Figure {
  /** What is measured, with its unit. */
  readonly name: string;
  readonly ours: number;
  /** Who or what it is compared with. */
  readonly peer: string;
  readonly theirs: number;
  /** How to write `ours` and `theirs`: `us`, `ms`, `KB`, `MB`, `%`, or nothing for a count. */
  readonly unit: string;
  /** Ours over theirs, from pairs measured side by side; absent where only a limit is given. */
  readonly ratio?: number;
  /** What must hold of the ratio, or of `ours` where there is none; absent where nothing is demanded. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
}

/** What was measured in each round, of each subject. */
export type Rounds<K extends string> = Readonly<Record<K, readonly number[]>>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1
    ? upper
    : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/**
 * Measures the subjects in turns, the order reversed in each round, so that a machine that gets slower or faster does
 * so for all. A first round is not counted.
 */
export async function inTurns<K extends string>(
  rounds: number,
  subjects: Readonly<Record<K, () => number | Promise<number>>>,
): Promise<Rounds<K>> {
  const names = Object.keys(subjects) as K[];
  const measured = Object.fromEntries(
    names.map((name): [K, number[]] => [name, []]),
  ) as Record<K, number[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await subjects[name]();
      if (round > 0) measured[name].push(value);
    }
  }
  return measured;
}

/** The median of the ratios of each round: pairs share their moment, so most noise falls out. */
function ratioOf(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / (theirs[round] ?? NaN)));
}

/** A row from what was measured in turns. */
export function compared<K extends string>(
  rounds: Rounds<K>,
  ours: K,
  theirs: K,
  row: Pick<Figure, "name" | "peer" | "unit" | "target">,
): Figure {
  return {
    ...row,
    ours: median(rounds[ours]),
    theirs: median(rounds[theirs]),
    ratio: ratioOf(rounds[ours], rounds[theirs]),
  };
}
