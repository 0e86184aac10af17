// One run of Stryker: mutate.ts names the modules on the command line, and in MUTATION_TESTS the tests that face them.
export default {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "test/mutation/vitest.config.ts" },
  coverageAnalysis: "perTest",
  concurrency: 2,
  timeoutMS: 15_000,
  ignorePatterns: ["cdk.out", "coverage", ".cache", "reports", ".ci"],
  tempDirName: ".stryker-tmp",
  reporters: ["progress-append-only", "json"],
  jsonReporter: { fileName: "reports/mutation.json" },
  allowConsoleColors: false,
};
