/** The tests that mutants of one group of modules have to face, with fixed seeds; MUTANT_GROUP names it. */
import { defineConfig } from "vitest/config";
import { GROUPS } from "./mutant-groups.ts";

const group = GROUPS.find(({ name }) => name === process.env["MUTANT_GROUP"]);

export default defineConfig({
  test: {
    include: (group ? [group] : GROUPS).flatMap(({ tests }) =>
      tests.map((name) => `test/unit/${name}.test.ts`),
    ),
    setupFiles: ["test/support/fixed-seeds.ts"],
    expect: { requireAssertions: true },
    maxWorkers: 1,
  },
});
