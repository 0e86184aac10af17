/**
 * Cron expressions as EventBridge Scheduler's user guide describes them
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html). What it does not describe is refused.
 */

/** An expression or time zone that cannot be used; the message says what is permitted. */
export class BadSchedule extends Error {
  override readonly name = "BadSchedule";
}

interface Field {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MINUTES: Field = { label: "minutes", min: 0, max: 59 };
const HOURS: Field = { label: "hours", min: 0, max: 23 };
const DAY_OF_MONTH: Field = { label: "day-of-month", min: 1, max: 31 };
const MONTHS: Field = {
  label: "month",
  min: 1,
  max: 12,
  names: "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" "),
};
const DAY_OF_WEEK: Field = {
  label: "day-of-week",
  min: 1,
  max: 7,
  names: "SUN MON TUE WED THU FRI SAT".split(" "),
};
const YEARS: Field = { label: "year", min: 1970, max: 2199 };

function numberOf(text: string, field: Field): number {
  const named = field.names?.indexOf(text) ?? -1;
  const value = named >= 0 ? named + field.min : Number(text);
  if (
    (named < 0 && !/^\d{1,4}$/.test(text)) ||
    value < field.min ||
    value > field.max
  ) {
    const names =
      field.names === undefined
        ? ""
        : ` or ${field.names[0] ?? ""}-${field.names.at(-1) ?? ""}`;
    throw new BadSchedule(
      `the ${field.label} field has ${JSON.stringify(text)}; it takes ${String(field.min)}-${String(field.max)}${names}`,
    );
  }
  return value;
}

/** `*`, a number, a range, or a start, each with `/step` where the guide has one. */
function addTerm(term: string, field: Field, into: Set<number>): void {
  const [base = "", step, ...more] = term.split("/");
  const steps = field !== DAY_OF_WEEK;
  if (more.length > 0 || (step !== undefined && !steps)) {
    throw new BadSchedule(
      `the ${field.label} field cannot have ${JSON.stringify(term)}`,
    );
  }
  const by =
    step === undefined ? 1 : numberOf(step, { ...field, min: 1, names: [] });
  const [start = "", end, ...others] = base.split("-");
  if (others.length > 0) {
    throw new BadSchedule(
      `the ${field.label} field cannot have ${JSON.stringify(term)}`,
    );
  }
  const from = start === "*" ? field.min : numberOf(start, field);
  const open = start === "*" || step !== undefined;
  const to =
    end === undefined ? (open ? field.max : from) : numberOf(end, field);
  if (to < from || (start === "*" && end !== undefined)) {
    throw new BadSchedule(
      `the ${field.label} field has the range ${JSON.stringify(base)}, which does not run upwards`,
    );
  }
  for (let value = from; value <= to; value += by) into.add(value);
}

function valuesOf(text: string, field: Field): ReadonlySet<number> {
  const values = new Set<number>();
  for (const term of text.split(",")) addTerm(term, field, values);
  return values;
}

/** A day of the calendar, as the two day fields see it. */
interface Day {
  readonly dayOfMonth: number;
  readonly lastOfMonth: number;
  /** 1 is Sunday. */
  readonly weekday: number;
}

type DayTest = (day: Day) => boolean;

/** The weekday nearest to `target` in its month (`W`); the guide's Quartz rule never leaves the month. */
function nearestWeekday(target: number, day: Day): number {
  const weekday =
    ((((target - day.dayOfMonth + day.weekday - 1) % 7) + 7) % 7) + 1;
  if (weekday === 7) return target === 1 ? target + 2 : target - 1;
  if (weekday === 1) {
    return target === day.lastOfMonth ? target - 2 : target + 1;
  }
  return target;
}

function dayOfMonthTest(text: string): DayTest {
  if (text === "L") return (day) => day.dayOfMonth === day.lastOfMonth;
  const nearest = /^(\d{1,2})W$/.exec(text)?.[1];
  if (nearest !== undefined) {
    const target = numberOf(nearest, DAY_OF_MONTH);
    return (day) =>
      target <= day.lastOfMonth &&
      day.dayOfMonth === nearestWeekday(target, day);
  }
  const days = valuesOf(text, DAY_OF_MONTH);
  return (day) => days.has(day.dayOfMonth);
}

function dayOfWeekTest(text: string): DayTest {
  // In this field a bare L is the last day of the week.
  if (text === "L") return (day) => day.weekday === 7;
  const last = /^(\d|[A-Z]{3})L$/.exec(text)?.[1];
  if (last !== undefined) {
    const target = numberOf(last, DAY_OF_WEEK);
    return (day) =>
      day.weekday === target && day.dayOfMonth + 7 > day.lastOfMonth;
  }
  const nth = /^(\d|[A-Z]{3})#(\d)$/.exec(text);
  if (nth !== null) {
    const target = numberOf(nth[1] ?? "", DAY_OF_WEEK);
    const week = numberOf(nth[2] ?? "", {
      label: "day-of-week # number",
      min: 1,
      max: 5,
    });
    return (day) =>
      day.weekday === target && Math.ceil(day.dayOfMonth / 7) === week;
  }
  const days = valuesOf(text, DAY_OF_WEEK);
  return (day) => days.has(day.weekday);
}

/** A cron expression, read. */
export interface Cron {
  /** Minutes since midnight, ascending. */
  readonly times: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
  readonly isDay: DayTest;
}

/**
 * Reads what stands between the parentheses of `cron(...)`.
 *
 * @throws BadSchedule naming the field and what it takes
 */
export function parseCron(body: string): Cron {
  const fields = body.trim().split(/\s+/);
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields;
  if (
    fields.length !== 6 ||
    minute === undefined ||
    hour === undefined ||
    dayOfMonth === undefined ||
    month === undefined ||
    dayOfWeek === undefined ||
    year === undefined
  ) {
    throw new BadSchedule(
      `cron(...) needs six fields (minutes hours day-of-month month day-of-week year), here are ${String(fields.length)}`,
    );
  }
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) {
    throw new BadSchedule(
      "exactly one of day-of-month and day-of-week must be ?",
    );
  }
  const minutes = [...valuesOf(minute, MINUTES)];
  const times = [...valuesOf(hour, HOURS)]
    .flatMap((h) => minutes.map((m) => h * 60 + m))
    .sort((a, b) => a - b);
  return {
    times,
    months: valuesOf(month, MONTHS),
    years: valuesOf(year, YEARS),
    isDay:
      dayOfWeek === "?" ? dayOfMonthTest(dayOfMonth) : dayOfWeekTest(dayOfWeek),
  };
}
