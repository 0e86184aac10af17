import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    expect: { requireAssertions: true },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      include: ["functions/**"],
      thresholds: { lines: 95, branches: 90 },
    },
  },
});
