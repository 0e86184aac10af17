/**
 * Command: sweeps in worlds drawn from seeds, every invariant checked after each run.
 *
 *   --seeds N    how many (200)       --from S   the first (1)
 *   --seed X     replays one and prints its trace;  --with NAME  that of a mutant's world, with the mutant in it
 *   --month      30 days of hourly sweeps over one account that lives on; --from is its seed
 *   --mutants    shows that each deliberate defect is caught, from any first seed; "real": it stood in the product once
 *   --real       of these, what stood in the product, in worlds that know nothing of it
 */
import { parseArgs } from "node:util";
import { hunt, huntAnywhere, runTests } from "./hunt.ts";
import { MUTANTS, SEEN_BY_TESTS, type Mutant } from "./mutants.ts";
import { playMonth } from "./month.ts";
import { simulate, type Stats } from "./run.ts";

const INVARIANTS = 15;
const SHOWN_VIOLATIONS = 20;

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${text} is no whole number`);
  return Number(text);
}

async function replay(
  seed: number,
  mutant: Mutant | undefined,
): Promise<boolean> {
  const { hash, violations } = await simulate(seed, {
    ...(mutant !== undefined && {
      lean: mutant.lean,
      tampering: mutant.tampering(),
    }),
    onTrace: (line) => process.stdout.write(line),
  });
  console.log(`seed ${String(seed)} hash ${hash}`);
  for (const { invariant, what } of violations)
    console.log(`VIOLATION of invariant ${String(invariant)}: ${what}`);
  return violations.length === 0;
}

function named(name: string | undefined): Mutant | undefined {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (name !== undefined && mutant === undefined)
    throw new Error(`there is no mutant "${name}"`);
  return mutant;
}

/** Tells of so many runs, and why they ended. */
function told(what: string, stats: Readonly<Stats>): void {
  const ends = new Map<string, number>();
  for (const why of stats.stopped) ends.set(why, (ends.get(why) ?? 0) + 1);
  console.log(
    `${what}: ${String(stats.sweeps)} sweeps, ${String(stats.requests)} requests, ${String(stats.deletions)} deletions, ${String(stats.crashes)} crashes in ${(performance.now() / 1000).toFixed(0)} s`,
  );
  console.log(
    [...ends]
      .sort(([, a], [, b]) => b - a)
      .map(([why, times]) => `${why} ${String(times)}`)
      .join(", "),
  );
}

async function many(from: number, seeds: number): Promise<boolean> {
  const totals: Stats = {
    sweeps: 0,
    deletions: 0,
    crashes: 0,
    requests: 0,
    stopped: [],
  };
  let violated = 0;
  let spoken = performance.now();
  for (let seed = from; seed < from + seeds; seed++) {
    const { stats, violations } = await simulate(seed);
    for (const name of ["sweeps", "deletions", "crashes", "requests"] as const)
      totals[name] += stats[name];
    totals.stopped.push(...stats.stopped);
    const [first] = violations;
    if (first !== undefined) {
      violated += 1;
      if (violated <= SHOWN_VIOLATIONS)
        console.log(
          `VIOLATION of invariant ${String(first.invariant)} by seed ${String(seed)}: ${first.what}\n  replay: npm run simulate -- --seed ${String(seed)}`,
        );
    }
    if (performance.now() - spoken > 5000) {
      spoken = performance.now();
      console.log(`${String(seed - from + 1)} of ${String(seeds)} seeds`);
    }
  }
  told(`${String(seeds)} seeds from ${String(from)}`, totals);
  console.log(
    violated === 0
      ? "no violation of any invariant"
      : `${String(violated)} seeds with a violation`,
  );
  return violated === 0;
}

async function mutants(from: number): Promise<boolean> {
  const caught = new Set<number>();
  let missed = 0;
  const tell = (
    { name, wasReal }: { name: string; wasReal: boolean },
    shownBy: string | undefined,
    what: string,
  ): void => {
    if (shownBy === undefined) missed += 1;
    console.log(
      `${wasReal ? "real" : "    "}  ${(shownBy ?? "NOT CAUGHT").padEnd(26)}  ${name}${what === "" ? "" : ` (${what.slice(0, 90)})`}`,
    );
  };
  for (const mutant of MUTANTS) {
    const { invariant } = mutant;
    const { seed, what } = await hunt(mutant, from);
    if (seed !== undefined) caught.add(invariant);
    const shownBy = `invariant ${String(invariant)}, seed ${String(seed)}`;
    tell(mutant, seed === undefined ? undefined : shownBy, what);
  }
  runTests(SEEN_BY_TESTS, (fault, failed) => {
    const shownBy = failed === undefined ? undefined : "a test";
    tell(
      { ...fault, wasReal: true },
      shownBy,
      `${fault.file}: ${failed ?? ""}`,
    );
  });
  console.log(
    `${String(missed)} of ${String(MUTANTS.length + SEEN_BY_TESTS.length)} not caught; ${String(caught.size)} of ${String(INVARIANTS)} invariants shown to fail`,
  );
  return missed === 0 && caught.size === INVARIANTS;
}

async function real(from: number): Promise<boolean> {
  let missed = 0;
  for (const mutant of MUTANTS.filter(({ wasReal }) => wasReal)) {
    const { seed, what } = await huntAnywhere(mutant, from);
    if (seed === undefined) missed += 1;
    const shownBy = seed === undefined ? "NOT CAUGHT" : `seed ${String(seed)}`;
    console.log(`${shownBy.padEnd(10)}  ${mutant.name} (${what.slice(0, 90)})`);
  }
  console.log(`${String(missed)} not caught`);
  return missed === 0;
}

async function month(seed: number): Promise<boolean> {
  const { stats, violations, longestWait, heap, slope } = await playMonth(seed);
  told("30 days", stats);
  console.log(
    `longest wait of a certificate that may be deleted: ${String(longestWait)} sweeps that could have; heap ${heap.at(0)?.value.toFixed(2) ?? "-"} MB after a day, ${heap.at(-1)?.value.toFixed(2) ?? "-"} at the end, ${slope.toFixed(4)} MB a day`,
  );
  for (const what of violations.slice(0, SHOWN_VIOLATIONS))
    console.log(`VIOLATION of ${what}`);
  return violations.length === 0;
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    month: { type: "boolean", default: false },
    with: { type: "string" },
    mutants: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
  },
});
const fine =
  values.seed !== undefined
    ? await replay(whole(values.seed), named(values.with))
    : values.month
      ? await month(whole(values.from))
      : values.mutants
        ? await mutants(whole(values.from))
        : values.real
          ? await real(whole(values.from))
          : await many(whole(values.from), whole(values.seeds));
process.exitCode = fine ? 0 : 1;
