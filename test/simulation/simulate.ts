/**
 * Command: sweeps in worlds drawn from seeds, every invariant checked after each run.
 *
 *   --seeds N    how many (200)       --from S   the first (1)
 *   --seed X     replays one and prints its trace;  --with NAME  that of a mutant's world, with the mutant in it
 *   --mutants    shows that each deliberate defect is caught, from any first seed; "real": it stood in the product once
 */
import { parseArgs } from "node:util";
import { hunt, runTests } from "./hunt.ts";
import { MUTANTS, SEEN_BY_TESTS, type Mutant } from "./mutants.ts";
import { simulate } from "./run.ts";

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

async function many(from: number, seeds: number): Promise<boolean> {
  const began = performance.now();
  const totals = { sweeps: 0, deletions: 0, crashes: 0, requests: 0 };
  const stopped = new Map<string, number>();
  let violated = 0;
  const perMinute = (): string =>
    ((totals.sweeps / (performance.now() - began)) * 60_000).toFixed(0);
  let told = began;
  for (let seed = from; seed < from + seeds; seed++) {
    const { stats, violations } = await simulate(seed);
    totals.sweeps += stats.sweeps;
    totals.deletions += stats.deletions;
    totals.crashes += stats.crashes;
    totals.requests += stats.requests;
    for (const why of stats.stopped)
      stopped.set(why, (stopped.get(why) ?? 0) + 1);
    if (violations.length > 0) {
      violated += 1;
      if (violated <= SHOWN_VIOLATIONS) {
        const [{ invariant, what } = { invariant: 0, what: "" }] = violations;
        console.log(
          `VIOLATION of invariant ${String(invariant)} by seed ${String(seed)}: ${what}\n  replay: npm run simulate -- --seed ${String(seed)}`,
        );
      }
    }
    if (performance.now() - told > 5000) {
      told = performance.now();
      console.log(
        `${String(seed - from + 1)} of ${String(seeds)} seeds, ${perMinute()} sweeps a minute`,
      );
    }
  }
  console.log(
    `${String(seeds)} seeds from ${String(from)}: ${String(totals.sweeps)} sweeps, ${String(totals.requests)} requests, ${String(totals.deletions)} deletions, ${String(totals.crashes)} crashes; ${perMinute()} sweeps a minute`,
  );
  console.log(
    [...stopped]
      .sort(([, a], [, b]) => b - a)
      .map(([why, times]) => `${why} ${String(times)}`)
      .join(", "),
  );
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
    { name, wasReal }: { name: string; wasReal?: true },
    shownBy: string | undefined,
    what: string,
  ): void => {
    if (shownBy === undefined) missed += 1;
    console.log(
      `${wasReal === true ? "real" : "    "}  ${(shownBy ?? "NOT CAUGHT").padEnd(26)}  ${name}${what === "" ? "" : ` (${what.slice(0, 90)})`}`,
    );
  };
  for (const mutant of MUTANTS) {
    const { invariant } = mutant;
    const { seed, what } = await hunt(mutant, from);
    if (seed !== undefined) caught.add(invariant);
    const shownBy = `invariant ${String(invariant)}, seed ${String(seed)}`;
    tell(mutant, seed === undefined ? undefined : shownBy, what);
  }
  runTests(SEEN_BY_TESTS, (fault, isSeen) => {
    const { file, test } = fault;
    tell(
      { ...fault, wasReal: true },
      isSeen ? "a test" : undefined,
      `${file}: ${test}`,
    );
  });
  console.log(
    `${String(missed)} of ${String(MUTANTS.length + SEEN_BY_TESTS.length)} not caught; ${String(caught.size)} of ${String(INVARIANTS)} invariants shown to fail`,
  );
  return missed === 0 && caught.size === INVARIANTS;
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    with: { type: "string" },
    mutants: { type: "boolean", default: false },
  },
});
const fine =
  values.seed !== undefined
    ? await replay(whole(values.seed), named(values.with))
    : values.mutants
      ? await mutants(whole(values.from))
      : await many(whole(values.from), whole(values.seeds));
process.exitCode = fine ? 0 : 1;
