/** Spaces out the calls of one action and bounds how many of them overlap. */
import type { Clock } from "../janitor/ports.ts";

export interface Pacer {
  /**
   * Waits for the turn, then calls `send` in the same instant and resolves as it does.
   * `send` returning undefined means that nothing was sent, which costs no turn.
   * Rejects with the signal's reason if that aborts before the turn has come; then nothing was sent.
   */
  run<T>(
    signal: AbortSignal,
    send: () => Promise<T> | undefined,
  ): Promise<T | undefined>;
}

/**
 * At most one send in each interval of 1/`perSecond` seconds, counted from the actual previous send and never
 * catching up, so that no limiter, however it counts, sees more; at most `inFlight` without an answer.
 */
export function createPacer(
  clock: Clock,
  perSecond: number,
  inFlight: number,
): Pacer {
  const interval = 1000 / perSecond;
  let line: Promise<unknown> = Promise.resolve();
  let nextSend = -Infinity;
  let running = 0;
  let freed: (() => void) | undefined;

  const turn = async <T>(
    signal: AbortSignal,
    send: () => Promise<T> | undefined,
  ): Promise<{ sent: Promise<T> | undefined }> => {
    signal.throwIfAborted();
    while (running >= inFlight) {
      await aborting(
        signal,
        new Promise<void>((resolve) => {
          freed = resolve;
        }),
      );
    }
    // A timer may fire early: look at the clock again.
    for (let wait; (wait = nextSend - clock.monotonic()) > 0;) {
      await clock.sleep(wait, signal);
    }
    signal.throwIfAborted();
    const sent = send();
    if (sent !== undefined) {
      nextSend = clock.monotonic() + interval;
      running += 1;
      const done = (): void => {
        running -= 1;
        freed?.();
      };
      sent.then(done, done);
    }
    return { sent };
  };

  return {
    async run(signal, send) {
      const mine = line.then(() => turn(signal, send));
      line = mine.catch(() => undefined);
      return (await aborting(signal, mine)).sent;
    },
  };
}

/** Settles as `work` does, or rejects with the signal's reason as soon as it aborts. */
export async function aborting<T>(
  signal: AbortSignal,
  work: Promise<T>,
): Promise<T> {
  let abort: (() => void) | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        abort = () => {
          reject(
            signal.reason instanceof Error
              ? signal.reason
              : new Error("aborted"),
          );
        };
        if (signal.aborted) abort();
        else signal.addEventListener("abort", abort);
      }),
    ]);
  } finally {
    // Stryker disable next-line ConditionalExpression: it is set by then; only the compiler needs the test
    if (abort !== undefined) signal.removeEventListener("abort", abort);
  }
}
