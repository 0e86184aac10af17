import { describe, expect, it } from "vitest";
import {
  VendorFailure,
  type Outcome,
} from "../../functions/janitor/failure.ts";
import { nextStep, type Tried } from "../../functions/volcengine/retry.ts";

function failure(outcome: Outcome, retryAfterMs?: number, throttled = false) {
  const kind = throttled ? "throttled" : "vendor-error";
  return new VendorFailure("m", { kind, outcome, retryAfterMs });
}

const FIRST: Tried = { attempts: 1, refreshed: false, leftMs: Infinity };

function next(of: VendorFailure, tried: Partial<Tried> = {}, random = 0) {
  return nextStep(of, { ...FIRST, ...tried }, () => random);
}

describe("another attempt", () => {
  it("is made of what was not done or is unknown, four in all", () => {
    for (const outcome of ["not done", "unknown"] as const) {
      for (const attempts of [1, 2, 3])
        expect(next(failure(outcome), { attempts }).then).toBe("wait");
      for (const attempts of [4, 5])
        expect(next(failure(outcome), { attempts })).toEqual({ then: "fail" });
    }
  });

  it("is not made of what was answered", () => {
    expect(next(failure("answered", 1))).toEqual({ then: "fail" });
  });

  it("is made once with another key, and not after the fourth", () => {
    const rejected = failure("credentials");
    expect(next(rejected, { leftMs: 0 })).toEqual({ then: "refresh" });
    expect(next(rejected, { refreshed: true })).toEqual({ then: "fail" });
    expect(next(rejected, { attempts: 4 })).toEqual({ then: "fail" });
    expect(next(failure("unknown"), { refreshed: true }).then).toBe("wait");
  });
});

describe("the wait", () => {
  const waits = (of: VendorFailure, random: number) =>
    [1, 2, 3].map((attempts) => next(of, { attempts }, random));
  const ms = (...times: number[]) =>
    times.map((time) => ({ then: "wait", ms: time }));

  it("is 100 ms and a random part that doubles", () => {
    expect(waits(failure("unknown"), 0)).toEqual(ms(100, 100, 100));
    expect(waits(failure("not done"), 0.5)).toEqual(ms(150, 200, 300));
  });

  it("has 500 ms as its base when throttled, and 5 s as its bound", () => {
    const throttled = failure("not done", undefined, true);
    expect(waits(throttled, 0.5)).toEqual(ms(750, 1000, 1500));
    expect(waits(throttled, 50)).toEqual(ms(5000, 5000, 5000));
  });

  it("is never less than the vendor asked for", () => {
    expect(next(failure("unknown", 9000))).toEqual(ms(9000)[0]);
    expect(next(failure("unknown", 99))).toEqual(ms(100)[0]);
  });

  it("that would end where the time does is not begun", () => {
    const to = (leftMs: number) => next(failure("unknown"), { leftMs });
    expect(to(101)).toEqual(ms(100)[0]);
    for (const leftMs of [100, 0, -1])
      expect(to(leftMs)).toEqual({ then: "fail" });
    expect(next(failure("unknown", Infinity))).toEqual({ then: "fail" });
  });
});
