import { describe, expect, it } from "vitest";
import { hunt } from "./hunt.ts";
import { MUTANTS } from "./mutants.ts";
import { simulate } from "./run.ts";

const SEEDS = 60;

describe("the simulation", () => {
  it(`finds no violation in ${String(SEEDS)} seeds, and most kinds of end`, async () => {
    const violations: string[] = [];
    const stopped = new Set<string>();
    let deletions = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = await simulate(seed);
      for (const { invariant, what } of result.violations)
        violations.push(
          `seed ${String(seed)}: invariant ${String(invariant)}: ${what}`,
        );
      for (const why of result.stats.stopped) stopped.add(why);
      deletions += result.stats.deletions;
    }
    expect(violations).toEqual([]);
    expect([...stopped]).toEqual(
      expect.arrayContaining([
        "done",
        "too-many",
        "crashed",
        "out-of-time",
        "no-evidence at once",
      ]),
    );
    expect(deletions).toBeGreaterThan(5 * SEEDS);
  }, 300_000);

  it("replays a seed to the same trace, and no other seed to it", async () => {
    const [first, again, other] = [
      await simulate(4711),
      await simulate(4711),
      await simulate(4712),
    ];
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
  });

  it("has a mutant for each of the 15 invariants", () => {
    expect(new Set(MUTANTS.map(({ invariant }) => invariant))).toEqual(
      new Set(Array.from({ length: 15 }, (_, i) => i + 1)),
    );
  });

  it.each(MUTANTS)(
    "catches that $name (invariant $invariant)",
    async (mutant) => {
      const { seed, what } = await hunt(mutant, 1);
      expect(seed, "a seed shows it").toBeDefined();
      expect(what).not.toBe("");
    },
    300_000,
  );
});
