/**
 * Schedule expressions of EventBridge Scheduler: CloudFormation takes any text and fails only when the schedule is
 * created, and the alarm about missing sweeps must know how far apart they are. Of the cron forms in the user guide
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html) only those are read that can fire often
 * enough for that alarm.
 */

/** An expression that cannot be used; the message says what is permitted. */
export class BadSchedule extends Error {
  override readonly name = "BadSchedule";
}

/** The smallest and the largest value of a field. */
const RANGES = {
  minutes: [0, 59],
  hours: [0, 23],
  "day-of-month": [1, 31],
  "day-of-week": [1, 7],
} as const;
const WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split(" ");

/** Reads `*`, numbers and ranges, each with `/step` where the guide has one. */
function valuesOf(
  label: keyof typeof RANGES,
  text: string,
): ReadonlySet<number> {
  const [min, max] = RANGES[label];
  const names = label === "day-of-week" ? WEEKDAYS : [];
  const number = (word: string): number =>
    /^\d{1,4}$/.test(word) ? Number(word) : names.indexOf(word) + min;
  const values = new Set<number>();
  for (const term of text.split(",")) {
    // Stryker disable next-line StringLiteral: neither text is a number or a name
    const [, start = "", end, step] =
      // Stryker disable next-line ArrayDeclaration: the first element is not looked at
      /^(\*(?!-)|\w+)(?:-(\w+))?(?:\/(\d{1,4}))?$/.exec(term) ?? [];
    const from = start === "*" ? min : number(start);
    const last = start === "*" || step !== undefined ? max : from;
    const to = end === undefined ? last : number(end);
    const by = Number(step ?? 1);
    const upwards = min <= from && from <= to && to <= max;
    const stepped = step === undefined || (names.length === 0 && by <= max);
    if (!upwards || !stepped || by === 0) {
      throw new BadSchedule(
        `the ${label} field has ${JSON.stringify(term)}; it takes ${String(min)}-${String(max)}${names.length > 0 ? " or SUN-SAT" : ""}, in lists and in ranges that run upwards${/[LW]$|#/.test(term) ? "; no alarm could watch sweeps as far apart as L, W and # make them" : ""}`,
      );
    }
    for (let value = from; value <= to; value += by) values.add(value);
  }
  return values;
}

/** The distances between the fire times of a schedule, in minutes. */
interface Intervals {
  readonly smallestMinutes: number;
  readonly largestMinutes: number;
}

/**
 * Clock changes are on a certain weekday: eight years see them on each date that it can have, which matters to lists of
 * days of the month. Everything else repeats within one year and the February after it.
 */
const FROM = Date.UTC(2026, 0, 1);
const TO = Date.UTC(2034, 0, 1);
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const DAY_MS = DAY_MINUTES * MINUTE_MS;

/** Minutes that a zone's clocks are ahead of UTC at an instant (milliseconds since the epoch). */
function offsets(timeZone: string): (instant: number) => number {
  // The default zone needs none of the six thousand look-ups.
  // Stryker disable next-line ConditionalExpression,StringLiteral: they would find the same
  if (timeZone === "UTC") return () => 0;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    timeZoneName: "longOffset",
  });
  return (instant) => {
    const [, sign, hours, minutes] =
      // Stryker disable next-line ArrayDeclaration: the first element is not looked at
      /GMT([+-])(\d\d):(\d\d)/.exec(format.format(instant)) ?? [];
    const ahead = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
    return sign === "-" ? -ahead : ahead;
  };
}

/**
 * Whether the platform's time zone data has this name, which Scheduler's has then too. Intl takes any letter case and
 * offsets such as +08:00 as well; neither is promised for Scheduler, so they are refused.
 */
export function isTimeZone(name: string): boolean {
  // Stryker disable next-line ConditionalExpression,Regex: Intl takes offsets from Node 22 on only
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

/** The instants, in minutes since the epoch, at which a zone's clocks show the given minutes of the given days. */
function* fireTimes(
  timeZone: string,
  times: readonly number[],
  isDay: (date: Date) => boolean,
): Generator<number> {
  const offsetAt = offsets(timeZone);
  // Stryker disable next-line ArithmeticOperator: no clocks change around New Year's Day
  let before = offsetAt(FROM - DAY_MS);
  // Stryker disable next-line EqualityOperator: a day more tells nothing new
  for (let midnight = FROM; midnight < TO; midnight += DAY_MS) {
    // Two samples a day tell whether the clocks change on it; only then is each fire time looked up.
    const offset = before;
    // Stryker disable next-line ConditionalExpression: looked up, the offset is the same
    const steady = offset === offsetAt(midnight + 2 * DAY_MS);
    before = offsetAt(midnight);
    if (!isDay(new Date(midnight))) continue;
    for (const time of times) {
      const wall = midnight / MINUTE_MS + time;
      const at = (ahead: number) => offsetAt((wall - ahead) * MINUTE_MS);
      const settled = steady ? offset : at(at(offset));
      // In the hour that the clocks skip a schedule does not fire, and in the repeated one it fires once.
      if (steady || at(settled) === settled) yield wall - settled;
    }
  }
}

/** Reads what stands between the parentheses of `cron(...)`. */
function cronIntervals(body: string, timeZone: string): Intervals {
  const fields = body.trim().split(/\s+/);
  // Stryker disable next-line StringLiteral: there are six, or it is refused
  const [minute = "", hour = "", dayOfMonth = "", month, dayOfWeek = "", year] =
    fields;
  if (fields.length !== 6) {
    throw new BadSchedule(
      `cron(...) needs six fields (minutes hours day-of-month month day-of-week year), here are ${String(fields.length)}`,
    );
  }
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
    throw new BadSchedule(
      "exactly one of day-of-month and day-of-week must be ?",
    );
  }
  if (month !== "*" || year !== "*") {
    throw new BadSchedule(
      "month and year must be *, so that sweeps go on all year and every year",
    );
  }
  const minutes = [...valuesOf("minutes", minute)];
  const times = [...valuesOf("hours", hour)]
    .flatMap((h) => minutes.map((m) => h * 60 + m))
    .sort((a, b) => a - b);
  const days =
    dayOfWeek === "?"
      ? valuesOf("day-of-month", dayOfMonth)
      : valuesOf("day-of-week", dayOfWeek);
  const isDay = (date: Date) =>
    days.has(dayOfWeek === "?" ? date.getUTCDate() : date.getUTCDay() + 1);
  let smallestMinutes = Infinity;
  let largestMinutes = 0;
  let previous: number | undefined;
  for (const instant of fireTimes(timeZone, times, isDay)) {
    if (previous !== undefined) {
      smallestMinutes = Math.min(smallestMinutes, instant - previous);
      largestMinutes = Math.max(largestMinutes, instant - previous);
    }
    previous = instant;
  }
  return { smallestMinutes, largestMinutes };
}

/**
 * Reads a schedule expression and measures how far apart its fire times are.
 *
 * @param expression `rate(value unit)` or `cron(minutes hours day-of-month month day-of-week year)`
 * @param timeZone an IANA name; clock changes shorten and lengthen the distances
 * @returns the smallest and the largest distance between two fire times, in minutes
 * @throws BadSchedule for what EventBridge Scheduler would refuse, and for cron forms that are not read here
 */
export function intervals(expression: string, timeZone: string): Intervals {
  // Stryker disable next-line ArrayDeclaration,StringLiteral: without a kind the rest is not looked at
  const [, kind, body = ""] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? [];
  if (kind === "cron") return cronIntervals(body, timeZone);
  if (kind !== "rate") {
    throw new BadSchedule("it is neither rate(...) nor cron(...)");
  }
  // Stryker disable next-line StringLiteral: without a unit the value is not looked at
  const [, value = "0", unit, plural] =
    // Stryker disable next-line ArrayDeclaration: the first element is not looked at
    /^([1-9]\d{0,5}) (minute|hour|day)(s?)$/.exec(body) ?? [];
  // EventBridge insists on the grammar: rate(1 hour), rate(2 hours).
  if (unit === undefined || (value === "1") !== (plural === "")) {
    throw new BadSchedule(
      "rate(...) needs a whole number and a unit: 1 minute, hour or day, or more minutes, hours or days",
    );
  }
  const minutes =
    Number(value) * (unit === "day" ? DAY_MINUTES : unit === "hour" ? 60 : 1);
  return { smallestMinutes: minutes, largestMinutes: minutes };
}
