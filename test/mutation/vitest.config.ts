/** The tests that the mutants of one run have to face, with fixed seeds. */
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const tests = (process.env["MUTATION_TESTS"] ?? "").split(",");

/** As listed, the quick ones first: the first failure ends a mutant. */
class AsListed extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number =>
      tests.findIndex((name) => moduleId.endsWith(name));
    return Promise.resolve(files.toSorted((a, b) => place(a) - place(b)));
  }
}

export default defineConfig({
  test: {
    include: tests,
    setupFiles: ["test/mutation/fixed-seeds.ts"],
    expect: { requireAssertions: true },
    // A mutant that hangs is for Stryker to end, with its process.
    testTimeout: 120_000,
    sequence: { sequencer: AsListed },
    maxWorkers: 1,
    // One worker for all files of a run; the next mutant gets a new one.
    isolate: false,
  },
});
