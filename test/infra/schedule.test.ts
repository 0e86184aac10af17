import { describe, expect, it } from "vitest";
import {
  BadSchedule,
  intervals,
  isTimeZone,
} from "../../infra/settings/schedule.ts";

const HOUR = 60;
const DAY = 24 * HOUR;

describe("schedule expressions", () => {
  it.each([
    ["rate(20 minutes)", 20, 20],
    ["rate(1 hour)", HOUR, HOUR],
    ["rate(1 day)", DAY, DAY],
    ["rate(10 hours)", 10 * HOUR, 10 * HOUR],
    ["rate(100 minutes)", 100, 100],
    ["cron(17 3 * * ? *)", DAY, DAY],
    ["cron( 17  3 * * ? * )", DAY, DAY],
    ["cron(0/20 * * * ? *)", 20, 20],
    ["cron(0/59 * * * ? *)", 1, 59],
    ["cron(0 20,8,14 * * ? *)", 6 * HOUR, 12 * HOUR],
    ["cron(*/30 * ? * * *)", 30, 30],
    ["cron(10-50/20 * * * ? *)", 20, 20],
    ["cron(0 8,20 * * ? *)", 12 * HOUR, 12 * HOUR],
    ["cron(0 6-18/6 * * ? *)", 6 * HOUR, 12 * HOUR],
    ["cron(0 8 ? * MON-FRI *)", DAY, 3 * DAY],
    ["cron(0 8 ? * 2-6 *)", DAY, 3 * DAY],
    ["cron(0 8 ? * SUN,WED *)", 3 * DAY, 4 * DAY],
    ["cron(0 8 ? * 1,3-5,7 *)", DAY, 2 * DAY],
    ["cron(0 8 1/3 * ? *)", DAY, 3 * DAY],
    ["cron(0 8 1-28 * ? *)", DAY, 4 * DAY],
    ["cron(0 8 1 * ? *)", 28 * DAY, 31 * DAY],
    // Ten minutes before and at midnight: neighbours only when the 1st follows the 29th of February.
    ["cron(0,50 0,23 1-29/2 * ? *)", 10, 3 * DAY - 23 * HOUR - 50],
  ])("%s fires every %i to %i minutes", (expression, smallest, largest) => {
    expect(intervals(expression, "UTC")).toEqual({
      smallestMinutes: smallest,
      largestMinutes: largest,
    });
  });

  // Measured over the 28 years after which dates and weekdays fall together anew.
  it.each([
    ["cron(17 4 * * ? *)", "Asia/Shanghai", DAY, DAY],
    ["cron(17 4 * * ? *)", "Asia/Kolkata", DAY, DAY],
    ["cron(17 4 * * ? *)", "Europe/Berlin", 23 * HOUR, 25 * HOUR],
    ["cron(17 3 * * ? *)", "America/New_York", 23 * HOUR, 25 * HOUR],
    ["cron(30 1 * * ? *)", "America/New_York", 23 * HOUR, 25 * HOUR],
    // On one day of the year these times do not exist.
    ["cron(30 2 * * ? *)", "America/New_York", DAY, 47 * HOUR],
    ["cron(0 0 * * ? *)", "America/Santiago", DAY, 47 * HOUR],
    ["cron(0 2 * * ? *)", "Antarctica/Troll", DAY, 46 * HOUR],
    ["cron(15 2 * * ? *)", "Australia/Lord_Howe", DAY, 2850],
    ["cron(30 2 ? * SUN,WED,FRI *)", "Europe/Berlin", 2 * DAY, 119 * HOUR],
    // Only in some years is the day of the clock change an odd one.
    ["cron(30 2 1/2 * ? *)", "Europe/Berlin", DAY, 95 * HOUR],
    ["cron(30 2 1/3 * ? *)", "Europe/Berlin", DAY, 143 * HOUR],
    ["cron(0 0 1/2 * ? *)", "Africa/Cairo", DAY, 95 * HOUR],
    ["cron(0 4 1/3 * ? *)", "Europe/Berlin", DAY, 73 * HOUR],
    ["cron(0 8 ? * MON-FRI *)", "Europe/Berlin", DAY, 73 * HOUR],
    ["cron(0 3 ? * SUN,WED,FRI *)", "Europe/Berlin", 47 * HOUR, 3 * DAY],
    ["cron(0 */6 * * ? *)", "Africa/Cairo", 6 * HOUR, 11 * HOUR],
    ["cron(0/30 * * * ? *)", "Australia/Lord_Howe", 30, HOUR],
    // 01:50 and 03:00 are ten minutes apart when the clocks skip an hour.
    ["cron(0,50 1,3 * * ? *)", "Europe/Berlin", 10, 1270],
  ])(
    "%s follows the clock changes of %s: %i to %i minutes",
    (expression, timeZone, smallest, largest) => {
      expect(intervals(expression, timeZone)).toEqual({
        smallestMinutes: smallest,
        largestMinutes: largest,
      });
    },
  );

  it.each([
    ["", /neither rate/],
    ["at(2027-01-01T00:00:00)", /neither rate/],
    ["xrate(1 hour)", /neither rate/],
    ["rate(1 hour) x", /neither rate/],
    ["rate(0 minutes)", /whole number/],
    ["rate(1.5 hours)", /whole number/],
    ["rate(-1 hours)", /whole number/],
    ["rate(2 weeks)", /minutes, hours or days/],
    ["rate(1 hours)", /1 minute, hour or day/],
    ["rate(2 hour)", /minutes, hours or days/],
    ["rate(11 day)", /minutes, hours or days/],
    ["rate(2 hours x)", /minutes, hours or days/],
    ["rate(1hour)", /minutes, hours or days/],
    ["cron(17 3 * * ?)", /six fields.*5/],
    ["cron(0 17 3 * * ? *)", /six fields.*7/],
    ["cron()", /six fields/],
    [
      "cron(60 3 * * ? *)",
      /minutes field has "60"; it takes 0-59, in .* upwards$/,
    ],
    ["cron(0x5 3 * * ? *)", /minutes field/],
    ["cron(1e1 3 * * ? *)", /minutes field/],
    ["cron(0 24 * * ? *)", /hours field/],
    ["cron(0 3 0 * ? *)", /day-of-month field/],
    ["cron(0 3 32 * ? *)", /day-of-month field/],
    ["cron(0 3 ? * 0 *)", /day-of-week field.*SUN-SAT/],
    ["cron(0 3 ? * 8 *)", /day-of-week field/],
    ["cron(0 3 ? * WED-MON *)", /day-of-week field.* upwards$/],
    ["cron(0 3 ? * MON/2 *)", /day-of-week field/],
    ["cron(0 3 * * * *)", /exactly one/],
    ["cron(0 3 ? * ? *)", /exactly one/],
    ["cron(0 3 1 * MON *)", /exactly one/],
    ["cron(0 5-3 * * ? *)", /upwards/],
    ["cron(0/0 3 * * ? *)", /minutes field/],
    ["cron(0/1/2 3 * * ? *)", /minutes field/],
    ["cron(1-2-3 3 * * ? *)", /minutes field/],
    ["cron(*-3 3 * * ? *)", /upwards/],
    ["cron(, 3 * * ? *)", /minutes field/],
    ["cron(? 3 * * ? *)", /minutes field/],
    ["cron(0 L * * ? *)", /hours field/],
    ["cron(0 3 ? * mon *)", /day-of-week field has "mon"; it takes 1-7 or SUN/],
    ["cron(0 3 ? * MON,TUE,*-WED *)", /day-of-week field has "\*-WED"/],
    ["cron(0 3 1- * ? *)", /day-of-month field/],
    ["cron(0 3 1/32 * ? *)", /day-of-month field/],
    ["cron(0 8 L * ? *)", /no alarm could watch/],
    ["cron(0 8 1,15W * ? *)", /no alarm could watch/],
    ["cron(0 8 LW * ? *)", /no alarm could watch/],
    ["cron(0 8 ? * L *)", /no alarm could watch/],
    ["cron(0 8 ? * 6L *)", /no alarm could watch/],
    ["cron(0 8 ? * FRIL *)", /no alarm could watch/],
    ["cron(0 8 ? * 3#2 *)", /no alarm could watch/],
    ["cron(0 8 * 1-12 ? *)", /month and year must be \*/],
    ["cron(0 8 1 JAN,7 ? *)", /month and year must be \*/],
    ["cron(0 8 * * ? 2026-2199)", /month and year must be \*/],
    ["cron(0 8 * ? ? *)", /month and year must be \*/],
  ])("refuses %s", (expression, why) => {
    expect(() => intervals(expression, "UTC")).toThrow(BadSchedule);
    expect(() => intervals(expression, "UTC")).toThrow(
      expect.objectContaining({ name: "BadSchedule" }),
    );
    expect(() => intervals(expression, "UTC")).toThrow(why);
  });

  it.each(["UTC", "Europe/Berlin", "Asia/Kolkata", "Etc/GMT+5"])(
    "knows the time zone %s",
    (name) => {
      expect(isTimeZone(name)).toBe(true);
    },
  );

  it.each([
    ...["", "Mars/Olympus", "+08:00", "Europe/"],
    ...["europe/berlin", "utc", "Utc", "Europe/berlin", "EUROPE/BERLIN"],
  ])("knows no time zone %j", (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
});
