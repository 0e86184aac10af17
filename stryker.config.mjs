// Mutation testing of the pure rules: does a wrong rule fail a test? `npm run mutate`, then see test/support/surviving-mutants.md.
/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "test/support/vitest.stryker.config.ts" },
  coverageAnalysis: "perTest",
  mutate: [
    "functions/janitor/*.ts",
    "functions/volcengine/{signer,pacer,errors}.ts",
    "functions/aws/{http-event,sweep-payload,configuration}.ts",
  ],
  concurrency: 2,
  timeoutMS: 10_000,
  ignorePatterns: ["cdk.out", "coverage", ".cache", "reports", ".ci"],
  tempDirName: ".stryker-tmp",
  incrementalFile: "reports/mutation/incremental.json",
  reporters: ["clear-text", "json", "html"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: "reports/mutation/mutation.json" },
  htmlReporter: { fileName: "reports/mutation/mutation.html" },
  allowConsoleColors: false,
};
