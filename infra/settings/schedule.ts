/**
 * Schedule expressions of EventBridge Scheduler: CloudFormation takes any text and fails only when the schedule is
 * created, and the alarm about missing sweeps must know how far apart they are.
 */
import { BadSchedule, parseCron, type Cron } from "./cron.ts";

/** The distances between the fire times of a schedule, in minutes. */
interface Intervals {
  readonly smallestMinutes: number;
  readonly largestMinutes: number;
}

/** Weekdays and dates fall together anew every 28 years; a window this long has every kind of month. */
const FIRST_YEAR = 2026;
const LAST_YEAR = FIRST_YEAR + 27;
const DAY_MINUTES = 1440;
const MINUTE_MS = 60_000;
const DAY_MS = DAY_MINUTES * MINUTE_MS;

/** Minutes that a zone's clocks are ahead of UTC at an instant (milliseconds since the epoch). */
function offsets(timeZone: string): (instant: number) => number {
  // The default zone needs none of the twenty thousand look-ups.
  if (timeZone === "UTC") return () => 0;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  return (instant) => {
    const part = new Map(
      format.formatToParts(instant).map(({ type, value }) => [type, +value]),
    );
    const wall = Date.UTC(
      part.get("year") ?? 0,
      (part.get("month") ?? 1) - 1,
      part.get("day") ?? 1,
      part.get("hour") ?? 0,
      part.get("minute") ?? 0,
    );
    return Math.round((wall - instant) / MINUTE_MS);
  };
}

/**
 * Whether the platform's time zone data has this name, which Scheduler's has then too. Intl takes any letter case and
 * offsets such as +08:00 as well; neither is promised for Scheduler, so they are refused.
 */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Z]/.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
    }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

function cronIntervals(cron: Cron, timeZone: string): Intervals {
  const offsetAt = offsets(timeZone);
  let smallest = Infinity;
  let largest = 0;
  let previous: number | undefined;
  let fires = 0;
  const fire = (instant: number): void => {
    // In the hour that the clocks skip a schedule does not fire, and in the repeated one it fires once.
    if (previous !== undefined && instant > previous) {
      smallest = Math.min(smallest, instant - previous);
      largest = Math.max(largest, instant - previous);
    }
    previous = instant;
    fires += 1;
  };
  let before = offsetAt(Date.UTC(FIRST_YEAR, 0, 0));
  for (
    let midnight = Date.UTC(FIRST_YEAR, 0, 1);
    midnight < Date.UTC(LAST_YEAR + 1, 0, 1);
    midnight += DAY_MS
  ) {
    const date = new Date(midnight);
    // Two samples a day tell whether the clocks change on it; only then is each fire time looked up.
    const after = offsetAt(midnight + 2 * DAY_MS);
    const steady = before === after;
    const offset = before;
    before = offsetAt(midnight);
    if (
      !cron.years.has(date.getUTCFullYear()) ||
      !cron.months.has(date.getUTCMonth() + 1) ||
      !cron.isDay({
        dayOfMonth: date.getUTCDate(),
        lastOfMonth: new Date(
          Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0),
        ).getUTCDate(),
        weekday: date.getUTCDay() + 1,
      })
    ) {
      continue;
    }
    for (const time of cron.times) {
      const wall = midnight / MINUTE_MS + time;
      if (steady) {
        fire(wall - offset);
        continue;
      }
      const guess = wall - offset;
      const instant = wall - offsetAt(guess * MINUTE_MS);
      const settled = wall - offsetAt(instant * MINUTE_MS);
      if (settled + offsetAt(settled * MINUTE_MS) === wall) fire(settled);
    }
  }
  if (fires < 2 || previous === undefined) {
    throw new BadSchedule("the schedule fires once or never");
  }
  if (!cron.years.has(LAST_YEAR)) {
    throw new BadSchedule(
      "the schedule ends with the year field; use * so that sweeps go on",
    );
  }
  return { smallestMinutes: smallest, largestMinutes: largest };
}

const cache = new Map<string, Intervals>();

/**
 * Reads a schedule expression and enumerates its fire times over 28 years.
 *
 * @param expression `rate(value unit)` or `cron(minutes hours day-of-month month day-of-week year)`
 * @param timeZone an IANA name; clock changes shorten and lengthen the distances
 * @returns the smallest and the largest distance between two fire times, in minutes
 * @throws BadSchedule for what EventBridge Scheduler would refuse or what ends some day
 */
export function intervals(expression: string, timeZone: string): Intervals {
  const key = `${timeZone} ${expression}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const [, kind, body = ""] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? [];
  let result: Intervals;
  if (kind === "cron") {
    result = cronIntervals(parseCron(body), timeZone);
  } else if (kind === "rate") {
    const [, value = "0", unit, plural] =
      /^([1-9]\d{0,5}) (minute|hour|day)(s?)$/.exec(body) ?? [];
    // EventBridge insists on the grammar: rate(1 hour), rate(2 hours).
    if (unit === undefined || (value === "1") !== (plural === "")) {
      throw new BadSchedule(
        "rate(...) needs a whole number and a unit: 1 minute, hour or day, or more minutes, hours or days",
      );
    }
    const minutes =
      Number(value) * (unit === "day" ? DAY_MINUTES : unit === "hour" ? 60 : 1);
    result = { smallestMinutes: minutes, largestMinutes: minutes };
  } else {
    throw new BadSchedule("it is neither rate(...) nor cron(...)");
  }
  cache.set(key, result);
  return result;
}
