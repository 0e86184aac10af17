/**
 * The rate at which a sweep deletes, never throttled, beside the rate that well-known limiters get out of the same sweep:
 * in virtual time, before the same modelled vendor, whichever way that counts "10 in a second".
 *
 * Between two readings of the account the libraries are a little faster: they plan ahead, so late timers do not add up,
 * where ours counts from the actual send. Over the whole sweep they are slower: what waits in line as the evidence gets
 * too old takes its turn with them, though it sends nothing.
 */
import Bottleneck from "bottleneck";
import PQueue from "p-queue";
import { pRateLimit } from "p-ratelimit";
import pThrottle from "p-throttle";
import manifest from "../../package.json" with { type: "json" };
import type { Clock } from "../../functions/janitor/ports.ts";
import { aborting, type Pacer } from "../../functions/volcengine/pacer.ts";
import { LIMITERS, type LimiterKind } from "../simulation/limiter.ts";
import {
  CONFIGURATION,
  createScaleWorld,
  playScaleRun,
} from "../simulation/scale.ts";
import type { Bench, Figure } from "./figure.ts";

const PER_SECOND = CONFIGURATION.sendsPerSecond;
const IN_FLIGHT = 8;
const CERTIFICATES = 1000;

/** The globals by which the libraries know the time, on a virtual clock; returns what puts the real ones back. */
function replaceTimers(clock: Clock): () => void {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const { now } = Date;
  const timer =
    (repeats: boolean) =>
    (fire: () => void, ms = 0): AbortController => {
      const stop = new AbortController();
      const arm = (): void => {
        // At least 1, and no fractions: so does Node.
        clock.sleep(Math.max(1, Math.trunc(ms)), stop.signal).then(
          () => {
            if (repeats) arm();
            fire();
          },
          () => undefined,
        );
      };
      arm();
      return stop;
    };
  const clear = (stop?: AbortController): void => stop?.abort();
  Object.assign(globalThis, {
    setTimeout: timer(false),
    clearTimeout: clear,
    setInterval: timer(true),
    clearInterval: clear,
  });
  Date.now = () => clock.now();
  return () => {
    Object.assign(globalThis, {
      setTimeout,
      clearTimeout,
      setInterval,
      clearInterval,
    });
    Date.now = now;
  };
}

/** Runs a job when its turn has come, and settles as it does. */
type Schedule = <T>(job: () => Promise<T>) => Promise<T>;

function asPacer(schedule: Schedule): Pacer {
  return {
    run: (signal, send) =>
      aborting(
        signal,
        schedule(async () => {
          signal.throwIfAborted();
          return send();
        }),
      ),
  };
}

interface Library {
  readonly name: keyof typeof manifest.devDependencies;
  /** `calls` in each `interval` milliseconds, as its documentation says it. */
  readonly create: (calls: number, interval: number) => Schedule;
}

const LIBRARIES: readonly Library[] = [
  {
    name: "bottleneck",
    create(calls, interval) {
      const limiter = new Bottleneck({
        minTime: interval / calls,
        maxConcurrent: IN_FLIGHT,
      });
      return (job) => limiter.schedule(job);
    },
  },
  {
    name: "p-throttle",
    // It bounds no calls in flight; the sweep itself does. `strict`, since without it a window's end bunches calls.
    create(calls, interval) {
      const throttle = pThrottle({ limit: calls, interval, strict: true });
      return (job) => throttle(job)();
    },
  },
  {
    name: "p-queue",
    // Not `strict`, which is slower at one call an interval: 99.1 where this paces at 99.8 %.
    create(calls, interval) {
      const queue = new PQueue({
        intervalCap: calls,
        interval,
        concurrency: IN_FLIGHT,
      });
      return (job) => queue.add(job);
    },
  },
  {
    name: "p-ratelimit",
    create: (calls, interval) =>
      pRateLimit({ interval, rate: calls, concurrency: IN_FLIGHT }),
  },
];

interface Played {
  /** Deletions a second from the first send to the last, readings of the account included, in % of the pace. */
  readonly rate: number;
  /** The same of sends, without the pauses in which the account is read. */
  readonly pace: number;
  readonly shortestGap: number;
  readonly throttled: number;
  readonly deleted: number;
}

/** One whole sweep; without `create`, with our own pacer. */
async function play(
  limiter: LimiterKind,
  create?: () => Schedule,
): Promise<Played> {
  const world = createScaleWorld({
    size: CERTIFICATES,
    limiter,
    latency: 30,
    jitter: 20,
    seed: 1,
  });
  let restore = (): void => undefined;
  const pacer = (clock: Clock): Pacer => {
    restore = replaceTimers(clock);
    return asPacer(create!());
  };
  try {
    const run = await playScaleRun(
      world,
      "run",
      undefined,
      create && { pacer },
    );
    if (run.report === undefined) throw run.error;
    const { sends, throttled } = world.vendor;
    const { deleted } = run.report.counts;
    const gaps: number[] = [];
    let first = Infinity;
    let last = 0;
    let wasDeletion = false;
    for (const { action, sentAt } of sends) {
      const isDeletion = action === "DeleteCert";
      if (isDeletion) {
        if (wasDeletion) gaps.push(sentAt - last);
        first = Math.min(first, sentAt);
        last = sentAt;
      }
      wasDeletion = isDeletion;
    }
    const percent = (count: number, ms: number): number =>
      ((count / ms) * 100_000) / PER_SECOND;
    return {
      rate: percent(deleted - 1, last - first),
      pace: percent(
        gaps.length,
        gaps.reduce((sum, gap) => sum + gap, 0),
      ),
      shortestGap: Math.min(...gaps),
      throttled,
      deleted,
    };
  } finally {
    restore();
  }
}

const hundredths = (value: number): string => value.toFixed(2);

/** The same sweep with our pacer and with each library, before each of the limiter models. */
export async function measureLimiters({ say }: Bench): Promise<Figure[]> {
  const inEach = async (
    who: string,
    create?: () => Schedule,
  ): Promise<{ rate: number; pace: number; throttled: number }> => {
    const played: Played[] = [];
    for (const limiter of LIMITERS) {
      const one = await play(limiter, create);
      played.push(one);
      say(
        `${who.padEnd(26)} ${limiter.padEnd(15)} ${hundredths(one.rate).padStart(6)} % of ${String(PER_SECOND)}/s (${hundredths(one.pace)} % between readings), shortest gap ${one.shortestGap.toFixed(1)} ms, throttled ${String(one.throttled)}, deleted ${String(one.deleted)}`,
      );
    }
    return {
      rate: Math.min(...played.map(({ rate }) => rate)),
      pace: Math.min(...played.map(({ pace }) => pace)),
      throttled: played.reduce((sum, { throttled }) => sum + throttled, 0),
    };
  };
  const row = { name: "rate used by a sweep", unit: "%" };
  const ours = await inEach("ours");
  const paced: Figure[] = [];
  const atTheLimit: { peer: string; throttled: number }[] = [];
  for (const { name, create } of LIBRARIES) {
    const interval = 1000 / PER_SECOND;
    const { rate, pace, throttled } = await inEach(
      `${name}, 1 in ${interval.toFixed(1)} ms`,
      () => create(1, interval),
    );
    paced.push({
      ...row,
      ours: ours.rate,
      peer: `${name} ${manifest.devDependencies[name]}, ${throttled > 0 ? `throttled ${String(throttled)} times` : `between readings ${hundredths(pace)}, ours ${hundredths(ours.pace)}`}`,
      theirs: rate,
      ratio: ours.rate / rate,
      target: { atLeast: 1 },
    });
    const peer = `${name}, 10 a second`;
    const limit = await inEach(peer, () => create(10, 1000));
    atTheLimit.push({ peer, throttled: limit.throttled });
  }
  atTheLimit.sort((a, b) => a.throttled - b.throttled);
  return [
    {
      ...row,
      ours: ours.rate,
      peer: `${String(PER_SECOND)} a second`,
      theirs: 100,
      target: { atLeast: 98 },
    },
    ...paced,
    {
      name: "throttled in 4 sweeps",
      ours: ours.throttled,
      peer: atTheLimit[0]?.peer ?? "",
      theirs: atTheLimit[0]?.throttled ?? NaN,
      unit: "",
      target: { atMost: 0 },
    },
  ];
}
