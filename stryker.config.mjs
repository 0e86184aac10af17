// Mutation testing of the pure rules, one group at a time: test/support/mutate.ts runs it (`npm run mutate`).
import { readFileSync } from "node:fs";

const groups = JSON.parse(
  readFileSync(new URL("test/support/mutant-groups.json", import.meta.url)),
);
const name = process.env["MUTANT_GROUP"] ?? "verdict";

export default {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "test/support/vitest.stryker.config.ts" },
  coverageAnalysis: "perTest",
  mutate: groups[name].modules,
  concurrency: 2,
  timeoutMS: 4_000,
  ignorePatterns: ["cdk.out", "coverage", ".cache", "reports", ".ci"],
  tempDirName: ".stryker-tmp",
  reporters: ["progress-append-only", "json", "html"],
  jsonReporter: { fileName: `reports/mutation/${name}.json` },
  htmlReporter: { fileName: `reports/mutation/${name}.html` },
  allowConsoleColors: false,
};
