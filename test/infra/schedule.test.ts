import { describe, expect, it } from "vitest";
import { BadSchedule } from "../../infra/settings/cron.ts";
import { intervals, isTimeZone } from "../../infra/settings/schedule.ts";

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
    ["cron(0/20 * * * ? *)", 20, 20],
    ["cron(*/30 * ? * * *)", 30, 30],
    ["cron(10-50/20 * * * ? *)", 20, 20],
    ["cron(0 8,20 * * ? *)", 12 * HOUR, 12 * HOUR],
    ["cron(0 6-18/6 * * ? *)", 6 * HOUR, 12 * HOUR],
    ["cron(0 8 ? * MON-FRI *)", DAY, 3 * DAY],
    ["cron(0 8 ? * 2-6 *)", DAY, 3 * DAY],
    ["cron(0 8 ? * SUN,WED *)", 3 * DAY, 4 * DAY],
    ["cron(0 8 ? * L *)", 7 * DAY, 7 * DAY],
    ["cron(0 8 ? * 6L *)", 28 * DAY, 35 * DAY],
    ["cron(0 8 ? * FRIL *)", 28 * DAY, 35 * DAY],
    ["cron(0 8 ? * 3#2 *)", 28 * DAY, 35 * DAY],
    ["cron(0 8 L * ? *)", 28 * DAY, 31 * DAY],
    ["cron(0 8 1 * ? *)", 28 * DAY, 31 * DAY],
    ["cron(0 8 1/3 * ? *)", DAY, 3 * DAY],
    // The first weekday: Friday the 1st of a 30-day month, after a Monday the 3rd, and the other way round.
    ["cron(0 8 1W * ? *)", 28 * DAY, 33 * DAY],
    ["cron(0 8 15W * ? *)", 28 * DAY, 32 * DAY],
    ["cron(0 8 1 JAN,7 ? *)", 181 * DAY, 184 * DAY],
    ["cron(0 8 1 1/6 ? *)", 181 * DAY, 184 * DAY],
    ["cron(0 8 29 2 ? *)", 1461 * DAY, 1461 * DAY],
    ["cron(0 8 * * ? 2026-2199)", DAY, DAY],
  ])("%s fires every %i to %i minutes", (expression, smallest, largest) => {
    expect(intervals(expression, "UTC")).toEqual({
      smallestMinutes: smallest,
      largestMinutes: largest,
    });
  });

  it("follows the clock changes of the time zone", () => {
    expect(intervals("cron(17 4 * * ? *)", "Europe/Berlin")).toEqual({
      smallestMinutes: 23 * HOUR,
      largestMinutes: 25 * HOUR,
    });
    // 02:30 does not exist on one day of the year.
    expect(intervals("cron(30 2 * * ? *)", "Europe/Berlin")).toMatchObject({
      largestMinutes: 47 * HOUR,
    });
    // 01:50 and 03:00 are ten minutes apart when the clocks skip an hour.
    expect(intervals("cron(0,50 1,3 * * ? *)", "Europe/Berlin")).toMatchObject({
      smallestMinutes: 10,
    });
    expect(intervals("cron(17 4 * * ? *)", "Asia/Shanghai")).toEqual({
      smallestMinutes: DAY,
      largestMinutes: DAY,
    });
  });

  it.each([
    ["", /neither rate/],
    ["at(2027-01-01T00:00:00)", /neither rate/],
    ["rate(0 minutes)", /whole number/],
    ["rate(1.5 hours)", /whole number/],
    ["rate(-1 hours)", /whole number/],
    ["rate(2 weeks)", /minutes, hours or days/],
    ["rate(1 hours)", /1 minute, hour or day/],
    ["rate(2 hour)", /minutes, hours or days/],
    ["rate(11 day)", /minutes, hours or days/],
    ["rate(1hour)", /minutes, hours or days/],
    ["cron(17 3 * * ?)", /six fields.*5/],
    ["cron(0 17 3 * * ? *)", /six fields.*7/],
    ["cron()", /six fields/],
    ["cron(60 3 * * ? *)", /minutes field has "60"; it takes 0-59/],
    ["cron(0 24 * * ? *)", /hours field/],
    ["cron(0 3 0 * ? *)", /day-of-month field/],
    ["cron(0 3 32 * ? *)", /day-of-month field/],
    ["cron(0 3 1 13 ? *)", /month field.*JAN-DEC/],
    ["cron(0 3 1 jan ? *)", /month field/],
    ["cron(0 3 ? * 0 *)", /day-of-week field.*SUN-SAT/],
    ["cron(0 3 ? * 8 *)", /day-of-week field/],
    ["cron(0 3 ? * MON/2 *)", /day-of-week field/],
    ["cron(0 3 ? * MON#6 *)", /#/],
    ["cron(0 3 * * ? 1969)", /year field/],
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
    ["cron(0 3 LW * ? *)", /day-of-month field/],
    ["cron(0 3 32W * ? *)", /day-of-month field/],
    ["cron(0 3 30 2 ? *)", /once or never/],
    ["cron(0 3 * * ? 2026-2027)", /ends/],
    ["cron(0 3 1 1 ? 2027)", /once or never/],
  ])("refuses %s", (expression, why) => {
    expect(() => intervals(expression, "UTC")).toThrow(BadSchedule);
    expect(() => intervals(expression, "UTC")).toThrow(why);
  });

  it("knows time zones", () => {
    expect(
      ["UTC", "Europe/Berlin", "Asia/Kolkata", "Etc/GMT+5"].filter(
        (name) => !isTimeZone(name),
      ),
    ).toEqual([]);
    expect(
      ["", "Mars/Olympus", "+08:00", "Europe/", "europe/berlin", "utc"].filter(
        isTimeZone,
      ),
    ).toEqual([]);
  });
});
