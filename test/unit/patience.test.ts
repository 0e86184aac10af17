import { describe, expect, it } from "vitest";
import { patiently } from "../../functions/janitor/patience.ts";
import { failure } from "../world/account.ts";
import { VirtualClock } from "../world/clock.ts";

const THROTTLED = failure({ kind: "throttled", outcome: "not done" });

/** Reads that fail in turn, the last for ever, each after `takes` ms. */
async function read(
  failures: readonly unknown[],
  { time = 300_000, patience = 180_000, takes = 100 } = {},
) {
  const clock = new VirtualClock();
  const deadline = clock.deadline(time);
  let reads = 0;
  const work = patiently(clock, deadline, patience, async () => {
    const given = failures[Math.min(reads++, failures.length - 1)];
    await clock.sleep(takes, deadline.signal);
    if (given !== undefined) AbortSignal.abort(given).throwIfAborted();
    return "read";
  });
  const result = await clock.run(work.catch((error: unknown) => error));
  return {
    result,
    reads,
    pauses: clock.slept.filter((ms) => ms !== takes),
    clock,
  };
}

describe("a reading that failed", () => {
  it.each([
    THROTTLED,
    failure({ kind: "unreachable", outcome: "not done" }),
    failure({ kind: "vendor-error", outcome: "unknown" }),
    failure({ kind: "timeout", outcome: "unknown" }),
  ])("for want of an answer is repeated: $kind", async (first) => {
    expect(await read([first, undefined])).toMatchObject({
      result: "read",
      reads: 2,
      pauses: [1000],
    });
  });

  it.each([
    failure({ kind: "unreachable", outcome: "answered" }),
    failure({ kind: "vendor-error", outcome: "answered" }),
    failure({ kind: "clock-off", outcome: "not done" }),
    failure({ kind: "clock-off", outcome: "answered" }),
    failure({ kind: "credentials-rejected", outcome: "credentials" }),
    failure({ kind: "access-denied", outcome: "answered" }),
    failure({ kind: "billing", outcome: "answered" }),
    failure({ kind: "incomplete-listing", outcome: "answered" }),
    failure({ kind: "secret-changed", outcome: "not done" }),
    failure({ kind: "misconfigured", outcome: "not done" }),
    new TypeError("a defect"),
  ])("for any other reason is not: %s", async (first) => {
    expect(await read([first, undefined])).toMatchObject({
      result: first,
      reads: 1,
    });
  });

  it("is repeated after longer and longer pauses, until its patience ends", async () => {
    const { result, pauses, clock } = await read([THROTTLED]);
    expect(result).toBe(THROTTLED);
    expect(pauses).toEqual(
      [1, 2, 4, 8, 16, 30, 30, 30, 30].map((seconds) => seconds * 1000),
    );
    expect(clock.monotonic()).toBeLessThanOrEqual(180_000);
  });

  it("is repeated when the vendor wants it, and not before", async () => {
    const later = failure({
      kind: "throttled",
      outcome: "not done",
      retryAfterMs: 7000,
    });
    expect((await read([later, undefined])).pauses).toEqual([7000]);
    expect((await read([later], { patience: 7099 })).reads).toBe(1);
    expect((await read([later], { patience: 7100 })).reads).toBe(2);
  });

  it("is not begun again with less than ten seconds left", async () => {
    expect((await read([THROTTLED, undefined], { time: 11_100 })).reads).toBe(
      2,
    );
    expect((await read([THROTTLED, undefined], { time: 11_099 })).reads).toBe(
      1,
    );
  });

  it("and is then cut off by the deadline tells what failed before", async () => {
    const cut = failure({ kind: "timeout", outcome: "unknown" });
    const { result } = await read([THROTTLED, cut], {
      time: 25_000,
      takes: 12_000,
    });
    expect(result).toBe(THROTTLED);
  });
});
