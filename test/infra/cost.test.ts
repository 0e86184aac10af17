import { describe, expect, it } from "vitest";
import { costTable, monthlyCost, SIZES, sums } from "../../infra/cost.ts";
import priceList from "../../infra/prices-2026-11.json" with { type: "json" };
import { CONFIGURATIONS, synthesize } from "./synthesize.ts";

const standard = synthesize(CONFIGURATIONS.default).json;
const dashboard = synthesize({ dashboard: true }).json;

describe("the monthly cost", () => {
  it.each([...SIZES])(
    "of the default stack with %i certificates stays within the contract",
    (certificates) => {
      const { list, withAllowance } = sums(monthlyCost(standard, certificates));
      expect(list).toBeLessThanOrEqual(6);
      expect(withAllowance).toBeLessThanOrEqual(1.6);
      expect(withAllowance).toBeGreaterThan(1);
    },
  );

  it("counts the template's resources", () => {
    const counts = Object.fromEntries(
      monthlyCost(standard, 100).map(({ key, count }) => [key, count]),
    );
    expect(counts).toMatchObject({
      secret: 1,
      kmsKey: 1,
      alarm: 10,
      customMetric: 7,
      dashboard: 0,
      schedulerCall: 730,
    });
    const more = Object.fromEntries(
      monthlyCost(dashboard, 100).map(({ key, count }) => [key, count]),
    );
    expect(more).toMatchObject({ customMetric: 10, dashboard: 1 });
    expect(monthlyCost({}, 100).find(({ key }) => key === "alarm")?.count).toBe(
      0,
    );
  });

  it("adds up", () => {
    const rows = monthlyCost(standard, 1000);
    const alarm = rows.find(({ key }) => key === "alarm");
    expect(alarm?.list).toBeCloseTo(1);
    expect(alarm?.withAllowance).toBe(0);
    expect(rows).toHaveLength(Object.keys(priceList.prices).length);
  });

  it("is a table with both sums and the optional parts", () => {
    const table = costTable(standard, dashboard);
    expect(table).toContain("| **Sum at list price** |");
    expect(table).toContain("permanent free allowances");
    expect(table).toContain("- `dashboard`: 3.90");
    for (const { label } of Object.values(priceList.prices)) {
      expect(table).toContain(`| ${label} |`);
    }
  });

  it("rests on a dated list with a source for each price", () => {
    expect(priceList.asOf).toMatch(/^\d{4}-\d{2}$/);
    for (const { source, usd } of Object.values(priceList.prices)) {
      expect(source).toMatch(/^https:\/\/aws\.amazon\.com\//);
      expect(usd).toBeGreaterThan(0);
    }
  });
});
