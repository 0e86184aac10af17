import { describe, expect, it } from "vitest";
import { readDefects, spoil } from "../conformance/defect.ts";

describe("the deliberate defects of the conformance suites", () => {
  it.each(readDefects())("$party: $what", (defect) => {
    expect(defect.to).not.toBe(defect.from);
    expect(spoil(defect).spoilt).toContain(defect.to);
  });
});
