/** Shows that a deliberate defect is noticed: by a seed, or where no vendor's behaviour shows it, by a test. */
import { spawnSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { copyProject, ROOT, spoil } from "../conformance/defect.ts";
import type { Mutant, SEEN_BY_TESTS } from "./mutants.ts";
import { simulate } from "./run.ts";

/** Within so many seeds, from any on, each mutant shows. */
const MUTANT_SEEDS = 50;
/** And so many for a fault that stood in the product once, in worlds that know nothing of it. */
const ANYWHERE_SEEDS = 2000;

export interface Caught {
  /** Undefined: no seed caught it. */
  readonly seed: number | undefined;
  readonly what: string;
}

/** Looks for a seed that shows a fault by a violation of any invariant, in worlds that lean to nothing. */
export async function huntAnywhere(
  mutant: Mutant,
  from: number,
): Promise<Caught> {
  for (let seed = from; seed < from + ANYWHERE_SEEDS; seed++) {
    const tampering = mutant.tampering();
    const { violations } = await simulate(seed, { tampering });
    const [shown] = violations;
    if (shown !== undefined) return { seed, what: shown.what };
  }
  return { seed: undefined, what: "" };
}

/** Looks for a seed that shows the mutant by a violation of just its invariant, in the worlds that it is about. */
export async function hunt(mutant: Mutant, from: number): Promise<Caught> {
  const { lean, invariant } = mutant;
  for (let seed = from; seed < from + MUTANT_SEEDS; seed++) {
    const { violations } = await simulate(seed, {
      tampering: mutant.tampering(),
      lean,
    });
    const shown = violations.find((one) => one.invariant === invariant);
    if (shown !== undefined) return { seed, what: shown.what };
  }
  return { seed: undefined, what: "" };
}

/** Puts each fault into a copy of the project; calls back with the test that fails then, if one does. */
export function runTests(
  faults: typeof SEEN_BY_TESTS,
  tell: (
    fault: (typeof SEEN_BY_TESTS)[number],
    failed: string | undefined,
  ) => void,
): void {
  const copy = copyProject();
  try {
    for (const fault of faults) {
      const { path, spoilt } = spoil({ ...fault, what: fault.name });
      const spoiltCopy = join(copy, relative(ROOT, path));
      writeFileSync(spoiltCopy, spoilt);
      const { stdout, stderr } = spawnSync(
        "npx",
        ["vitest", "run", "--project", "fast", "--bail", "1", fault.file],
        { cwd: copy, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
      );
      cpSync(path, spoiltCopy);
      // Red since a test failed, not since none could run.
      const [, failed] =
        /FAIL .*\.test\.ts > (.+)\nAssertionError/.exec(stderr + stdout) ?? [];
      tell(fault, failed);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
