/** A clock for tests: time passes only in `run`, which fires the timers in order, so that hours take milliseconds. */
import type { Clock, Deadline } from "../../functions/janitor/ports.ts";

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** Lets everything that is ready run: promises, and what Node queued behind them. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export class VirtualClock implements Clock {
  /** What was slept to the end, in the order of waking, in milliseconds. */
  readonly slept: number[] = [];
  readonly #timers = new Set<Timer>();
  readonly #epoch: number;
  #time = 0;

  constructor(startsAt = Date.parse("2026-11-24T12:00:00Z")) {
    this.#epoch = startsAt;
  }

  now(): number {
    return this.#epoch + this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  /** Time passes without a timer firing: what a busy process or a frozen one sees. */
  jump(ms: number): void {
    this.#time += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#timers.delete(timer);
        const reason: unknown = signal?.reason;
        reject(reason instanceof Error ? reason : new Error("aborted"));
      };
      const timer: Timer = {
        at: this.#time + Math.max(0, ms),
        fire: () => {
          signal?.removeEventListener("abort", abort);
          this.slept.push(ms);
          resolve();
        },
      };
      if (signal?.aborted === true) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort, { once: true });
      this.#timers.add(timer);
    });
  }

  /** A deadline `ms` from now, which fires by itself. */
  deadline(ms: number, reason = new Error("the deadline")): Deadline {
    const over = new AbortController();
    if (Number.isFinite(ms)) {
      this.#timers.add({
        at: this.#time + ms,
        fire: () => {
          over.abort(reason);
        },
      });
    }
    return { at: this.#time + ms, signal: over.signal };
  }

  /** Lets time pass until `work` has settled, and gives its result; fails if nothing is left to wait for. */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { over: false };
    const end = (): void => {
      state.over = true;
    };
    work.then(end, end);
    for (;;) {
      await settled();
      if (state.over) return work;
      const next = this.#earliest();
      if (next === undefined) throw new Error("nothing would ever happen");
      this.#fire(next);
    }
  }

  /** Lets `ms` pass, with every timer that falls into it. */
  async pass(ms: number): Promise<void> {
    const until = this.#time + ms;
    for (;;) {
      await settled();
      const next = this.#earliest();
      if (next === undefined || next.at > until) break;
      this.#fire(next);
    }
    this.#time = until;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#time = Math.max(this.#time, timer.at);
    timer.fire();
  }

  #earliest(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at !== Infinity && timer.at < (first?.at ?? Infinity)) {
        first = timer;
      }
    }
    return first;
  }
}
