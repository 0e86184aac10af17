import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import {
  isOver,
  orLeftBehind,
  withDeadline,
} from "../../functions/janitor/deadline.ts";
import type { Deadline } from "../../functions/janitor/ports.ts";
import { VirtualClock } from "../world/clock.ts";

/** A clock that is not at zero, as no clock of a host is. */
async function started(): Promise<VirtualClock> {
  const clock = new VirtualClock();
  await clock.pass(7000);
  return clock;
}

describe("a deadline", () => {
  const RAN_OUT = {
    name: "VendorFailure",
    message: "The time for this step ran out.",
    kind: "timeout",
    outcome: "unknown",
  };

  /** Work that ends with the reason of its deadline. */
  function endless({ signal }: Deadline): Promise<never> {
    return new Promise((_, reject) => {
      const abort = () => {
        reject(signal.reason as Error);
      };
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort);
    });
  }

  it("gives what the work gives, and stops what it left running", async () => {
    const clock = await started();
    let deadline: Deadline | undefined;
    const result = await clock.run(
      withDeadline(clock, 5000, undefined, async (given) => {
        deadline = given;
        await clock.sleep(100);
        expect(given.signal.aborted).toBe(false);
        return "done";
      }),
    );
    expect(result).toBe("done");
    expect(deadline?.at).toBe(12_000);
    expect(deadline?.signal.reason).toMatchObject({
      ...RAN_OUT,
      message: "No longer needed.",
    });
    // The timer is gone, too.
    await clock.pass(10_000);
    expect(clock.slept).toEqual([100]);
  });

  it("ends the work when it is over, and not before", async () => {
    const clock = await started();
    await expect(
      clock.run(withDeadline(clock, 5000, undefined, endless)),
    ).rejects.toMatchObject(RAN_OUT);
    expect(clock.monotonic()).toBe(12_000);
  });

  it.each([0, -1])("of %d ms is over at once", async (ms) => {
    const clock = await started();
    await expect(
      withDeadline(clock, ms, undefined, ({ signal }) => {
        expect(signal.aborted).toBe(true);
        return endless({ at: 0, signal });
      }),
    ).rejects.toMatchObject(RAN_OUT);
  });

  it("lasts no longer than its parent", async () => {
    const clock = await started();
    const parent = clock.deadline(3000);
    let at: number | undefined;
    await expect(
      clock.run(
        withDeadline(clock, 5000, parent, (deadline) => {
          at = deadline.at;
          return endless(deadline);
        }),
      ),
    ).rejects.toMatchObject(RAN_OUT);
    expect(at).toBe(10_000);
    expect(clock.monotonic()).toBe(10_000);
  });

  it("ends before its parent where that lasts longer", async () => {
    const clock = await started();
    await expect(
      clock.run(withDeadline(clock, 1000, clock.deadline(3000), endless)),
    ).rejects.toMatchObject(RAN_OUT);
    expect(clock.monotonic()).toBe(8000);
  });

  it("ends as soon as its parent aborts, also before it began", async () => {
    const clock = await started();
    const over = new AbortController();
    const parent = { at: 99_000, signal: over.signal };
    const work = withDeadline(clock, 5000, parent, endless);
    over.abort(new Error("enough"));
    await expect(work).rejects.toMatchObject(RAN_OUT);
    await expect(
      withDeadline(clock, 5000, parent, ({ signal }) => {
        expect(signal.aborted).toBe(true);
        return endless({ at: 0, signal });
      }),
    ).rejects.toMatchObject(RAN_OUT);
  });

  it("leaves no listener on its parent, however the work ends", async () => {
    const clock = await started();
    const { signal } = new AbortController();
    const parent = { at: Infinity, signal };
    await withDeadline(clock, 5000, parent, () => Promise.resolve());
    await expect(
      withDeadline(clock, 5000, parent, () => Promise.reject(new Error("x"))),
    ).rejects.toThrow("x");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("whether a deadline is over", () => {
  it("is told by its signal, or by the clock, a little before its time", () => {
    const clock = new VirtualClock();
    const signal = new AbortController().signal;
    const isOverAt = (at: number) => isOver(clock, { at, signal });
    expect([isOverAt(11), isOverAt(10), isOverAt(-1)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(isOver(clock, { at: 9999, signal: AbortSignal.abort() })).toBe(true);
  });
});

describe("work that a deadline does not end", () => {
  it("is left behind a quarter of a second later", async () => {
    const clock = await started();
    const never = new Promise<never>(() => undefined);
    const work = orLeftBehind(clock, clock.deadline(1000), never);
    await expect(clock.run(work)).rejects.toMatchObject({
      name: "VendorFailure",
      message: "The time for the request ran out.",
      kind: "timeout",
      outcome: "unknown",
    });
    expect(clock.monotonic()).toBe(8250);
  });

  it("gives what it gives until then, and leaves no timer", async () => {
    const clock = await started();
    const slow = clock.sleep(1249).then(() => "done");
    const result = orLeftBehind(clock, clock.deadline(1000), slow);
    expect(await clock.run(result)).toBe("done");
    await clock.pass(10_000);
    expect(clock.slept).toEqual([1249]);
    const broken = Promise.reject(new Error("x"));
    await expect(
      orLeftBehind(clock, clock.deadline(1000), broken),
    ).rejects.toThrow("x");
  });
});
