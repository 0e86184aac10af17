/** The tests that the mutants of one group have to face, with fixed seeds; MUTANT_GROUP names the group. */
import { defineConfig } from "vitest/config";
import groups from "./mutant-groups.json" with { type: "json" };

const group = Object.entries(groups).find(
  ([name]) => name === process.env["MUTANT_GROUP"],
);

export default defineConfig({
  test: {
    include: (group ? [group] : Object.entries(groups)).flatMap(
      ([, { tests }]) => tests,
    ),
    setupFiles: ["test/support/fixed-seeds.ts"],
    expect: { requireAssertions: true },
    maxWorkers: 1,
    // One worker for all files of a run; the next mutant gets a new one.
    isolate: false,
  },
});
