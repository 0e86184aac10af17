import { defineConfig } from "vitest/config";

const common = {
  expect: { requireAssertions: true },
  // Bounds for what hangs, not for what is slow beside busy neighbours.
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    globalSetup: "test/world/temporary-folder.ts",
    // A snapshot that is missing fails; `-u` writes it.
    update: "none",
    // Most tests wait for sockets and timers, so more workers than cores pay.
    maxWorkers: 4,
    projects: [
      {
        test: {
          ...common,
          name: "fast",
          include: ["test/**/*.test.ts"],
          // A worker loads each module once. So a test leaves nothing behind that another file would see.
          isolate: false,
        },
      },
      // Minutes rather than seconds: real time over real sockets.
      {
        test: {
          ...common,
          name: "slow",
          include: ["test/**/*.slow.ts"],
          testTimeout: 180_000,
        },
      },
      // Programs that nobody here wrote; they need what `npm run tools` installs.
      {
        test: {
          ...common,
          name: "conformance",
          include: ["test/conformance/*.conformance.ts"],
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
    ],
    coverage: {
      include: ["functions/**"],
      thresholds: { lines: 95, branches: 90 },
    },
  },
});
