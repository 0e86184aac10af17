/** A line per party: version, cases, outcome. Skipped is an exit code of its own, never green by silence. */
import type { Reporter, TestModule, TestSuite } from "vitest/node";

/** What automake and its like take for "skipped". */
const SKIPPED = 77;

interface Line {
  readonly name: string;
  readonly version: string;
  readonly cases: number;
  readonly outcome: string;
}

function lineOf(suite: TestSuite): Line {
  const tests = [...suite.children.allTests()];
  const of = (state: string) =>
    tests.filter((test) => test.result().state === state);
  const cases = of("passed").reduce(
    (sum, test) => sum + (test.meta().cases ?? 1),
    0,
  );
  const failed = of("failed").length;
  // Without a note it was left out by a filter, on purpose.
  const notes = of("skipped").flatMap((test) => {
    const result = test.result();
    return result.state === "skipped" && result.note !== undefined
      ? [result.note]
      : [];
  });
  const outcome =
    failed > 0 || suite.state() === "failed"
      ? `FAILED (${String(failed)})`
      : notes.length > 0
        ? `skipped: ${notes.join("; ")}`
        : cases === 0
          ? "left out"
          : "agrees";
  return {
    name: suite.name,
    version: suite.meta().version ?? "",
    cases,
    outcome,
  };
}

export default class PartyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules
      .flatMap((module) => [...module.children.suites()])
      .map(lineOf)
      .filter(({ outcome }) => outcome !== "left out")
      .sort((a, b) => a.name.localeCompare(b.name));
    const width = (of: (line: Line) => string) =>
      Math.max(0, ...lines.map((line) => of(line).length));
    const names = width(({ name }) => name);
    const versions = width(({ version }) => version);
    console.log("");
    for (const { name, version, cases, outcome } of lines) {
      console.log(
        `party: ${name.padEnd(names)}  ${version.padEnd(versions)}  ${String(cases).padStart(6)} cases  ${outcome}`,
      );
    }
    if (
      lines.some(({ outcome }) => outcome.startsWith("skipped")) &&
      !lines.some(({ outcome }) => outcome.startsWith("FAILED"))
    ) {
      process.exitCode = SKIPPED;
    }
  }
}
