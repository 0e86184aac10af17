import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aborting, createPacer } from "../../functions/volcengine/pacer.ts";
import { VirtualClock } from "../world/clock.ts";

const NEVER = new AbortController().signal;
const HUNG = new Promise<never>(() => undefined);

/** A pacer at 7.8 a second whose sends note their time and answer after `latency`. */
function paced(perSecond = 7.8, inFlight = 8, latency = 0) {
  const clock = new VirtualClock();
  const pacer = createPacer(clock, perSecond, inFlight);
  const sentAt: number[] = [];
  const send = (signal = NEVER) =>
    pacer.run(signal, () => {
      sentAt.push(clock.monotonic());
      return clock.sleep(latency);
    });
  return { clock, pacer, sentAt, send };
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? NaN));
}

describe("the pace", () => {
  it("lets the first through at once", async () => {
    const { clock, send, sentAt } = paced();
    await clock.run(send());
    expect(sentAt).toEqual([0]);
  });

  it.each([0.1, 0.7, 2, 7.8])(
    "of %d a second is kept exactly",
    async (perSecond) => {
      const { clock, send, sentAt } = paced(perSecond);
      await clock.run(Promise.all(Array.from({ length: 5 }, () => send())));
      for (const gap of gaps(sentAt))
        expect(gap).toBeCloseTo(1000 / perSecond, 6);
      expect(sentAt).toHaveLength(5);
    },
  );

  it("never catches up after a pause", async () => {
    const { clock, send, sentAt } = paced(10);
    await clock.run(send());
    clock.jump(10_000);
    await clock.run(Promise.all([send(), send(), send()]));
    expect(sentAt).toEqual([0, 10_000, 10_100, 10_200]);
  });

  it("counts from the actual send, also when a timer came late", async () => {
    const { clock, send, sentAt } = paced(10);
    const all = Promise.all([send(), send(), send()]);
    await clock.pass(0);
    clock.jump(130); // the timer for the second fires 30 ms late
    await clock.run(all);
    expect(sentAt).toEqual([0, 130, 230]);
  });

  it("looks at the clock again when a timer came early", async () => {
    const clock = new VirtualClock();
    const hasty = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (ms: number, signal?: AbortSignal) =>
        clock.sleep(ms > 2 ? ms - 1 : ms, signal),
    };
    const pacer = createPacer(hasty, 10, 8);
    const times: number[] = [];
    const send = () =>
      pacer.run(NEVER, () => {
        times.push(clock.monotonic());
        return Promise.resolve();
      });
    await clock.run(Promise.all([send(), send()]));
    expect(times).toEqual([0, 100]);
  });

  it("keeps the order in which the turns were asked for", async () => {
    const { clock, pacer } = paced(10);
    const order: number[] = [];
    const asked = [1, 2, 3, 4].map((n) =>
      pacer.run(NEVER, () => Promise.resolve(order.push(n))),
    );
    await clock.run(Promise.all(asked));
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it("holds in every second, whatever the latency and the arrivals", async () => {
    const arrivals = fc.array(
      fc.record({
        pause: fc.integer({ min: 0, max: 900 }),
        latency: fc.integer({ min: 0, max: 3000 }),
      }),
      { minLength: 10, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(arrivals, async (calls) => {
        const clock = new VirtualClock();
        const pacer = createPacer(clock, 7.8, 8);
        const times: number[] = [];
        const running: Promise<unknown>[] = [];
        for (const { pause, latency } of calls) {
          await clock.pass(pause);
          running.push(
            pacer.run(NEVER, () => {
              times.push(clock.monotonic());
              return clock.sleep(latency);
            }),
          );
        }
        await clock.run(Promise.all(running));
        expect(times).toHaveLength(calls.length);
        for (const from of times) {
          const within = times.filter((at) => at >= from && at < from + 1000);
          expect(within.length).toBeLessThanOrEqual(8);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("calls in flight", () => {
  it("overlap up to the bound, and no further", async () => {
    const { clock, send, sentAt } = paced(10, 3, 1000);
    const all = Promise.all(Array.from({ length: 5 }, () => send()));
    await clock.pass(999);
    expect(sentAt).toEqual([0, 100, 200]);
    await clock.run(all);
    expect(sentAt).toEqual([0, 100, 200, 1000, 1100]);
  });

  it("are freed by a failure too, which reaches its caller", async () => {
    const { clock, pacer, send, sentAt } = paced(10, 1);
    const failing = pacer.run(NEVER, async () => {
      await clock.sleep(50);
      throw new Error("broke");
    });
    const next = send();
    await expect(clock.run(failing)).rejects.toThrow("broke");
    await clock.run(next);
    expect(sentAt).toEqual([100]);
  });
});

describe("a turn", () => {
  it("that comes free while another waits is taken by one alone", async () => {
    const { clock, pacer } = paced(1000, 1);
    let running = 0;
    let most = 0;
    const call = () =>
      pacer.run(NEVER, async () => {
        running += 1;
        most = Math.max(most, running);
        await clock.sleep(50);
        running -= 1;
        return clock.monotonic();
      });
    const ends = await clock.run(Promise.all([call(), call(), call()]));
    expect(ends).toEqual([50, 100, 150]);
    expect(most).toBe(1);
  });

  it("leaves no listener behind", async () => {
    const { clock, send } = paced(10, 2, 1000);
    const { signal } = new AbortController();
    await clock.run(Promise.all([1, 2, 3, 4].map(() => send(signal))));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("a send that declines", () => {
  it("resolves to undefined and costs no turn", async () => {
    const { clock, pacer, send, sentAt } = paced(10, 1);
    await clock.run(send());
    expect(await clock.run(pacer.run(NEVER, () => undefined))).toBeUndefined();
    expect(clock.monotonic()).toBe(100);
    await clock.run(send());
    expect(sentAt).toEqual([0, 100]);
  });

  it("that throws rejects, and the next still has its turn", async () => {
    const { clock, pacer, send, sentAt } = paced(10, 1);
    const throwing = pacer.run(NEVER, () => {
      throw new Error("bug");
    });
    await expect(clock.run(throwing)).rejects.toThrow("bug");
    await clock.run(send());
    expect(sentAt).toEqual([0]);
  });
});

describe("an abort", () => {
  it("before anything sends nothing", async () => {
    const { clock, send, sentAt } = paced();
    const run = send(AbortSignal.abort(new Error("stop")));
    await expect(clock.run(run)).rejects.toThrow("stop");
    expect(sentAt).toEqual([]);
  });

  it("while queued rejects at once, sends nothing and does not hold up those behind", async () => {
    const { clock, send, sentAt } = paced(1);
    const stop = new AbortController();
    const first = send();
    const queued = send(stop.signal);
    const behind = send();
    await clock.pass(300);
    stop.abort(new Error("stop"));
    await expect(queued).rejects.toThrow("stop");
    expect(clock.monotonic()).toBe(300);
    await clock.run(Promise.all([first, behind]));
    expect(sentAt).toEqual([0, 1000]);
  });

  it("behind others that wait rejects at once, too", async () => {
    const { clock, send, sentAt } = paced(1);
    const stop = new AbortController();
    const ahead = Promise.all([send(), send()]);
    const last = send(stop.signal).catch(() => clock.monotonic());
    await clock.pass(300);
    stop.abort(new Error("stop"));
    expect(await clock.run(last)).toBe(300);
    await clock.run(ahead);
    expect(sentAt).toEqual([0, 1000]);
  });

  it("while waiting for the time sends nothing later", async () => {
    const { clock, send, sentAt } = paced(1);
    const stop = new AbortController();
    await clock.run(send(stop.signal));
    const waiting = send(stop.signal);
    const settled = expect(waiting).rejects.toThrow("stop");
    await clock.pass(500);
    stop.abort(new Error("stop"));
    await settled;
    await clock.pass(5000);
    expect(sentAt).toEqual([0]);
  });

  it("while waiting for a call in flight rejects at once", async () => {
    const { clock, pacer, send, sentAt } = paced(1000, 1);
    pacer.run(NEVER, () => HUNG).catch(() => undefined);
    const stop = new AbortController();
    const queued = send(stop.signal);
    await clock.pass(500);
    stop.abort(new Error("stop"));
    await expect(queued).rejects.toThrow("stop");
    expect(sentAt).toEqual([]);
  });

  it("after the send leaves the call to its own signal", async () => {
    const { clock, send } = paced(10, 1, 500);
    const stop = new AbortController();
    const run = send(stop.signal);
    await clock.pass(100);
    stop.abort(new Error("stop"));
    await expect(clock.run(run)).resolves.toBeUndefined();
    expect(clock.monotonic()).toBe(500);
  });
});

describe("aborting", () => {
  it("gives what the work gives, and leaves no listener", async () => {
    const { signal } = new AbortController();
    expect(await aborting(signal, Promise.resolve(7))).toBe(7);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it.each([
    ["its reason", new Error("late"), /^late$/],
    ["an error where the reason is none", "a text", /^aborted$/],
  ])("rejects with %s, before and after", async (_what, reason, message) => {
    const stop = new AbortController();
    const work = aborting(stop.signal, HUNG);
    stop.abort(reason);
    await expect(work).rejects.toThrow(message);
    await expect(aborting(stop.signal, HUNG)).rejects.toThrow(message);
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  });
});
