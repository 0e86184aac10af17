import { describe, expect, it } from "vitest";
import { LIMITERS } from "./limiter.ts";
import {
  clearBacklog,
  createScaleWorld,
  paceOf,
  playScaleRun,
} from "./scale.ts";

describe("the pace of deletion", () => {
  it.each(LIMITERS.map((limiter) => ({ limiter })))(
    "is at least 98 hundredths of 7.8 a second and never throttled by a $limiter",
    async ({ limiter }) => {
      const world = createScaleWorld({
        size: 1000,
        limiter,
        latency: 30,
        jitter: 20,
        seed: 1,
      });
      const run = await playScaleRun(world, "run");
      const pace = paceOf(world);
      expect(run.report?.stoppedBecause).toBe("done");
      expect(run.report?.counts.deleted).toBe(1000);
      expect(pace.sent).toBe(1000);
      expect(pace.throttled).toBe(0);
      expect(pace.perSecond).toBeGreaterThan(0.98 * 7.8);
      expect(pace.perSecond).toBeLessThanOrEqual(7.8);
    },
  );
});

describe("a backlog", () => {
  it("is cleared over several runs, crashes included, none lost and none doubled", async () => {
    const { runs, lost, doubled, throttled } = await clearBacklog(3000, 2);
    expect(runs).toEqual(["crashed", "crashed", "done"]);
    expect({ lost, doubled, throttled }).toEqual({
      lost: 0,
      doubled: 0,
      throttled: 0,
    });
  });
});
