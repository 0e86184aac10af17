import { describe, expect, it } from "vitest";
import { comparable } from "../../functions/janitor/domain.ts";

describe("names are compared", () => {
  it.each([
    [" Live.Example.COM. ", "live.example.com"],
    ["live.例子.com", "live.xn--fsqu00a.com"],
    ["*.例子.com", "*.xn--fsqu00a.com"],
    ["live。例子。com。", "live.xn--fsqu00a.com"],
    ["live．例子｡com", "live.xn--fsqu00a.com"],
    ["live.com．", "live.com"],
    ["live.com｡", "live.com"],
    ["2024", "2024"],
    ["%41.com", "%41.com"],
    ["例/x.com", "例/x.com"],
    ["例:80.com", "例:80.com"],
    ["例\ud83d.com", "例\ud83d.com"],
    ["例.1", "例.1"],
    ["*.例.1", "*.例.1"],
    ["a..", "a."],
    ["例子.com..", "xn--fsqu00a.com."],
    ["例子.com。.", "xn--fsqu00a.com."],
    [".", ""],
  ])("%j as %j", (name, expected) => {
    expect(comparable(name)).toBe(expected);
  });
});
