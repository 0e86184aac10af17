/**
 * Time as a queue of events: it stands still while any code can run, then jumps to the next event.
 * Nothing here reads a real clock, so the same events always happen in the same order.
 */
import type { Clock } from "../../functions/janitor/ports.ts";

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

export class VirtualClock {
  readonly #queue = new EventQueue();
  readonly #epoch: number;
  #now = 0;
  #order = 0;
  /** Events that happened. */
  events = 0;

  /** `epoch` is the true wall-clock time at the beginning. */
  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** Milliseconds since the beginning. */
  get time(): number {
    return this.#now;
  }

  /** True wall-clock time; a process or the vendor may believe another one. */
  get wall(): number {
    return this.#epoch + this.#now;
  }

  /** Calls `fire` at a time; the result forgets it. */
  at(time: number, fire: () => void): () => void {
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
      this.#now = event.at;
      this.events += 1;
      event.fire?.();
    }
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
    return Math.floor(this.#world.wall + this.wallOffset);
  }

  monotonic(): number {
    return this.#world.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const reason = (): Error =>
        signal?.reason instanceof Error ? signal.reason : new Error("aborted");
      if (signal?.aborted === true) {
        reject(reason());
        return;
      }
      // A timer for "never" is none.
      const at = this.#world.time + Math.max(0, ms + this.#parts.lateness());
      const forget = Number.isFinite(at)
        ? this.#world.at(at, () => {
            signal?.removeEventListener("abort", abort);
            if (this.#parts.step()) resolve();
          })
        : () => undefined;
      const abort = (): void => {
        forget();
        reject(reason());
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
