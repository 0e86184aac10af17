/**
 * The clocks of the tests. Virtual time is a queue of events: it stands still while any code can run, then jumps to the
 * next event. It reads no real clock, so the same events always happen in the same order and hours take milliseconds.
 */
import { systemClock } from "../../functions/host/clock.ts";
import type { Clock, Deadline } from "../../functions/janitor/ports.ts";

interface Event {
  readonly at: number;
  /** Breaks ties: what was scheduled first happens first. */
  readonly order: number;
  fire: (() => void) | undefined;
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A binary heap of events by time. */
class EventQueue {
  readonly #heap: Event[] = [];

  push(event: Event): void {
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  }

  pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) {
      return first;
    }
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!))
        child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

/** Lets everything run that can run without time passing. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Sleeps on a virtual clock until `when()`; there `wake` is called, and false leaves the sleeper asleep for ever. */
function sleepOn(
  clock: VirtualClock,
  when: () => number,
  signal: AbortSignal | undefined,
  wake: () => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      const reason: unknown = signal?.reason;
      reject(reason instanceof Error ? reason : new Error("aborted"));
    };
    if (signal?.aborted === true) {
      fail();
      return;
    }
    const forget = clock.at(when(), () => {
      signal?.removeEventListener("abort", abort);
      if (wake()) resolve();
    });
    const abort = (): void => {
      forget();
      fail();
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

export class VirtualClock implements Clock {
  readonly #queue = new EventQueue();
  readonly #epoch: number;
  #now = 0;
  #order = 0;
  /** Events that happened. */
  events = 0;
  /** What was slept to the end, in the order of waking, in milliseconds. */
  readonly slept: number[] = [];

  /** `epoch` is the true wall-clock time at the beginning. */
  constructor(epoch = Date.parse("2026-11-24T12:00:00Z")) {
    this.#epoch = epoch;
  }

  /** True wall-clock time; a process or the vendor may believe another one. */
  now(): number {
    return this.#epoch + this.#now;
  }

  /** Milliseconds since the beginning. */
  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const wake = (): boolean => {
      this.slept.push(ms);
      return true;
    };
    return sleepOn(this, () => this.#now + ms, signal, wake);
  }

  /** A deadline `ms` from now, which fires by itself. */
  deadline(ms: number, reason = new Error("the deadline")): Deadline {
    const over = new AbortController();
    const at = this.#now + ms;
    this.at(at, () => {
      over.abort(reason);
    });
    return { at, signal: over.signal };
  }

  /** Calls `fire` at a time, Infinity meaning never; the result forgets it. */
  at(time: number, fire: () => void): () => void {
    if (time === Infinity) return () => undefined;
    const event: Event = {
      at: Math.max(time, this.#now),
      order: this.#order++,
      fire,
    };
    this.#queue.push(event);
    return () => {
      event.fire = undefined;
    };
  }

  /** Time passes without a timer firing: what a busy process or a frozen one sees. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Plays events until `isOver`; false if it did not come true before `until` or before the events ran out. */
  async play(isOver: () => boolean, until: number): Promise<boolean> {
    for (;;) {
      await settled();
      if (isOver()) return true;
      let event: Event | undefined;
      do event = this.#queue.pop();
      while (event !== undefined && event.fire === undefined);
      if (event === undefined) return false;
      if (event.at > until) {
        this.#queue.push(event);
        this.#now = Math.max(this.#now, until);
        return false;
      }
      this.#now = Math.max(this.#now, event.at);
      this.events += 1;
      event.fire?.();
    }
  }

  /** Plays until `work` has settled, and gives its result; fails if nothing is left to wait for. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    work.then(end, end);
    if (!(await this.play(() => isOver, Infinity))) {
      throw new Error("nothing would ever happen");
    }
    return work;
  }

  /** Lets `ms` pass, with every timer that falls into it. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.play(() => false, until);
    this.#now = until;
  }
}

export interface ProcessClockParts {
  /** Called before each continuation; false ends the process: nothing resolves any more. */
  readonly step: () => boolean;
  /** Milliseconds by which timers miss their time; a little below 0 happens in Node as well. */
  readonly lateness: () => number;
}

/** The clock as one process sees it; its wall clock may be off and may jump. */
export class ProcessClock implements Clock {
  readonly #world: VirtualClock;
  readonly #parts: ProcessClockParts;
  /** Milliseconds by which the wall clock is ahead of the true time. */
  wallOffset = 0;

  constructor(world: VirtualClock, parts: ProcessClockParts) {
    this.#world = world;
    this.#parts = parts;
  }

  now(): number {
    return Math.floor(this.#world.now() + this.wallOffset);
  }

  monotonic(): number {
    return this.#world.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { step, lateness } = this.#parts;
    const when = (): number => this.monotonic() + ms + lateness();
    return sleepOn(this.#world, when, signal, step);
  }
}

export interface HurriedClock extends Clock {
  /** The next long wait is over at once; the others, if they end later, take as long as before. */
  readonly skip: () => void;
}

/**
 * The system's clock, on which waits of up to `shortMs` take no time: pacers keep their order, and nobody waits for them.
 * @param shortMs by default the longest that the pacers and the retries of a healthy world wait
 */
export function hurriedClock(shortMs = 600): HurriedClock {
  let ahead = 0;
  const waiting: { readonly at: number; readonly wake: () => void }[] = [];
  /** When each of the long waits ends, by what ends it. */
  const long = new Map<() => void, number>();
  const monotonic = (): number => systemClock.monotonic() + ahead;
  const passTo = (at: number): void => {
    ahead += Math.max(0, at - monotonic());
  };
  /** Wakes who is next, after all that can run now: those who wait side by side do not wait for each other. */
  const wakeNext = (): void => {
    waiting.sort((a, b) => a.at - b.at);
    const next = waiting.shift();
    if (next === undefined) return;
    passTo(next.at);
    next.wake();
    if (waiting.length > 0) setImmediate(wakeNext);
  };
  return {
    now: () => systemClock.now(),
    monotonic,
    async sleep(ms, signal) {
      const at = monotonic() + ms;
      if (ms > shortMs) {
        let end = (): void => undefined;
        const skipped = new Promise<void>((resolve) => {
          end = resolve;
        });
        long.set(end, at);
        await Promise.race([systemClock.sleep(ms, signal), skipped]).finally(
          () => long.delete(end),
        );
        return;
      }
      await new Promise<void>((wake) => {
        // No timer: the shortest one takes a whole millisecond.
        if (waiting.push({ at, wake }) === 1) setImmediate(wakeNext);
      });
      signal?.throwIfAborted();
    },
    skip() {
      const [next] = [...long].sort(([, a], [, b]) => a - b);
      if (next === undefined) return;
      passTo(next[1]);
      next[0]();
    },
  };
}
