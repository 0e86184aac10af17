import { expect, it, onTestFinished, vi } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";

it("tells the time of day, and beside it one that nobody can set", () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: 1_000_000 });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const began = systemClock.monotonic();
  vi.advanceTimersByTime(250);
  expect(systemClock.now()).toBe(1_000_250);
  vi.setSystemTime(5);
  expect(systemClock.now()).toBe(5);
  expect(systemClock.monotonic() - began).toBe(250);
});

it("sleeps, however odd the time", async () => {
  await systemClock.sleep(-1);
  const over = new AbortController();
  const long = systemClock.sleep(2 ** 40, over.signal);
  const first = await Promise.race([
    long.then(() => "long"),
    systemClock.sleep(20).then(() => "short"),
  ]);
  expect(first).toBe("short");
  over.abort(new Error("enough"));
  await expect(long).rejects.toThrow("enough");
});

it("rejects with the signal's own reason, at once if it has aborted before", async () => {
  const reason = new Error("no longer needed");
  await expect(
    systemClock.sleep(60_000, AbortSignal.abort(reason)),
  ).rejects.toBe(reason);
});
