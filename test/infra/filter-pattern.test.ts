import { describe, expect, it } from "vitest";
import { parsePattern, select } from "./filter-pattern.ts";

const line = {
  message: { event: "x", stopped: "done", counts: { failed: 2 } },
};

describe("the evaluator of filter patterns", () => {
  it.each([
    ['{ $.message.event = "x" }', true],
    ['{ $.message.event = "y" }', false],
    ['{ $.message.event != "y" }', true],
    ['{ $.message.absent != "y" }', false],
    ["{ $.message.counts.failed > 1 }", true],
    ["{ $.message.counts.failed >= 3 }", false],
    ["{ $.message.counts.failed = 2 }", true],
    ["{ $.message.event > 0 }", false],
    [
      '{ ($.message.event = "x") && (($.message.stopped = "a") || ($.message.stopped = "done")) }',
      true,
    ],
    ['{ ($.message.event = "z") || ($.message.stopped = "done") }', true],
    ['{ ($.message.event = "x") && ($.message.stopped != "done") }', false],
  ])("evaluates %s as %s", (pattern, expected) => {
    expect(parsePattern(pattern)(line)).toBe(expected);
  });

  it.each([
    "",
    "ERROR",
    '[a, b = "x"]',
    '{ $.message.event = "x"',
    '{ $.message.event = "x" } more',
    '{ $.message.event = "x*" }',
    "{ $.message.event = %x% }",
    '{ $.message.items[0] = "x" }',
    "{ $.message.event = x }",
    '{ $.message.event > "x" }',
    "{ $.message.event EXISTS }",
    "{ $.message.event IS TRUE }",
    '{ $.message.event =~ "x" }',
    '{ ($.a = "x") && ($.b = "y") || ($.c = "z") }',
    '{ "x" = $.message.event }',
    "{ }",
  ])("refuses %s", (pattern) => {
    expect(() => parsePattern(pattern)).toThrow();
  });

  it("selects fields, and refuses other selectors", () => {
    expect(select("$.message.counts.failed", line)).toBe(2);
    expect(select("$.message.counts.failed.more", line)).toBeUndefined();
    expect(() => select("$.items[0]", line)).toThrow();
    expect(() => select("message", line)).toThrow();
  });
});
