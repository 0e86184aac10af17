import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Configuration } from "../../functions/host/configuration.ts";
import {
  BadPayload,
  readSweepPayload,
} from "../../functions/host/sweep-payload.ts";

const CONFIGURATION: Configuration = {
  secretId: "live/key",
  endpoint: new URL("https://live.volcengineapi.com"),
  region: "cn-north-1",
  policy: {
    graceDays: 7,
    unseenDomains: "keep",
    projectNames: ["default"],
    protect: [{ match: "name", value: "x", owner: "o" }],
  },
  maxDeletions: 100,
  dryRun: false,
  warnDays: "auto",
  sweepIntervalMinutes: 1440,
  sendsPerSecond: 7.8,
};

const A = "0a".repeat(16);
const B = "0b".repeat(16);
const MANY = Array.from({ length: 5000 }, (_, n) =>
  n.toString(16).padStart(32, "0"),
);

function read(payload: unknown, over: Partial<Configuration> = {}) {
  return readSweepPayload(payload, { ...CONFIGURATION, ...over });
}

function settings(over: {
  graceDays?: number;
  maxDeletions?: number;
  dryRun?: boolean;
  report?: boolean;
  only?: ReadonlySet<string>;
}) {
  const { only } = over;
  const {
    graceDays = 7,
    maxDeletions = 100,
    dryRun = false,
    report = false,
  } = over;
  return {
    policy: { ...CONFIGURATION.policy, graceDays },
    maxDeletions,
    dryRun,
    report,
    ...(only !== undefined && { only }),
  };
}

describe("a payload", () => {
  it.each<[string, object, Parameters<typeof settings>[0]]>([
    ["{} changes nothing", {}, {}],
    ["may ask for a dry run", { dryRun: true }, { dryRun: true }],
    ["may keep the grace", { graceDays: 7 }, {}],
    ["may lengthen the grace", { graceDays: 8 }, { graceDays: 8 }],
    ["may lengthen it to ten years", { graceDays: 3650 }, { graceDays: 3650 }],
    ["may keep the bound", { maxDeletions: 100 }, {}],
    ["may lower the bound", { maxDeletions: 99 }, { maxDeletions: 99 }],
    ["may lower it to one", { maxDeletions: 1 }, { maxDeletions: 1 }],
    ["may ask for the report", { report: true }, { report: true }],
    ["may go without it", { report: false }, {}],
    [
      "may name the certificates, in any case and more than once",
      { only: [A.toUpperCase(), B, A] },
      { only: new Set([A, B]) },
    ],
    ["may name five thousand", { only: MANY }, { only: new Set(MANY) }],
    [
      "may do all of it",
      { dryRun: true, graceDays: 30, maxDeletions: 5, report: true },
      { dryRun: true, graceDays: 30, maxDeletions: 5, report: true },
    ],
  ])("%s", (_rule, payload, expected) => {
    expect(read(payload)).toEqual(settings(expected));
  });

  it("of {} leaves a deployment's dry run on", () => {
    expect(read({}, { dryRun: true }).dryRun).toBe(true);
  });

  it.each<[string, object, string]>([
    ["end a dry run", { dryRun: false }, "dryRun must be true or left out"],
    ["ask for one in other words", { dryRun: "true" }, "dryRun must be true"],
    ["leave one undefined", { dryRun: undefined }, "dryRun must be true"],
    [
      "shorten the grace",
      { graceDays: 6 },
      "graceDays must be a whole number from 7 to 3650",
    ],
    ["abolish the grace", { graceDays: 0 }, "graceDays"],
    ["lengthen it beyond ten years", { graceDays: 3651 }, "graceDays"],
    ["have a fraction of a day", { graceDays: 7.5 }, "graceDays"],
    ["have a text for a number", { graceDays: "8" }, "graceDays"],
    ["have null for a number", { graceDays: null }, "graceDays"],
    ["have NaN", { graceDays: NaN }, "graceDays"],
    ["have no end", { graceDays: Infinity }, "graceDays"],
    ["have undefined", { maxDeletions: undefined }, "maxDeletions"],
    [
      "raise the bound",
      { maxDeletions: 101 },
      "maxDeletions must be a whole number from 1 to 100",
    ],
    ["abolish the bound", { maxDeletions: 0 }, "maxDeletions"],
    ["have a negative bound", { maxDeletions: -1 }, "maxDeletions"],
    ["say something else of the report", { report: "yes" }, "report must be"],
    ["leave the report undefined", { report: undefined }, "report must be"],
    ["name no certificate", { only: [] }, "only must be a list of 1 to 5000"],
    ["name more than five thousand", { only: [...MANY, A] }, "only must be"],
    ["name what is no chain id", { only: [A, A.slice(1)] }, "only must be"],
    ["name a number", { only: [A, 7] }, "only must be"],
    ["name one in a list of its own", { only: [[A]] }, "only must be"],
    ["name one by itself", { only: A }, "only must be"],
    ["name them by something else", { only: { 0: A, length: 1 } }, "only must"],
    ["leave the names undefined", { only: undefined }, "only must be"],
    ["leave the names null", { only: null }, "only must be"],
    ["hold another key", { force: true }, 'not "force"'],
    ["spell a key otherwise", { DryRun: true }, 'not "DryRun"'],
    ["set the policy", { policy: {} }, 'not "policy"'],
    [
      "come from EventBridge",
      {
        version: "0",
        id: "x",
        "detail-type": "Scheduled Event",
        source: "aws.events",
        detail: {},
      },
      "not",
    ],
    ["come from SQS", { Records: [] }, 'not "Records"'],
  ])("may not %s", (_what, payload, says) => {
    expect(() => read(payload)).toThrow(BadPayload);
    expect(() => read(payload)).toThrow(says);
    expect(() => read(payload)).toThrow(/^No sweep was started: /);
  });

  it("may not hold __proto__, however it is written", () => {
    expect(() => read(JSON.parse('{"__proto__":{"dryRun":true}}'))).toThrow(
      'not "__proto__"',
    );
    expect(() => read(JSON.parse('{"constructor":1}'))).toThrow(BadPayload);
  });

  it("is not looked for in what it inherits", () => {
    const payload: unknown = Object.create({ dryRun: true, graceDays: 1 });
    expect(read(payload)).toEqual(settings({}));
  });

  it.each([
    undefined,
    null,
    "",
    "{}",
    0,
    true,
    [],
    [{}],
    Symbol("x"),
    () => ({}),
  ])("may not be %s", (payload) => {
    expect(() => read(payload)).toThrow(
      /^No sweep was started: .*must be a JSON object, \{\} or one with some of dryRun, maxDeletions, graceDays, only, report\.$/,
    );
  });

  it("is told of every problem together, with few and short names", () => {
    const payload = {
      dryRun: 1,
      graceDays: 1,
      maxDeletions: 1000,
      ["x".repeat(1000)]: 1,
      b: 1,
      c: 1,
      d: 1,
      '"\n': 1,
    };
    expect(() => read(payload)).toThrow(
      /graceDays .*stricter.* maxDeletions .*dryRun .*stricter.* dryRun, maxDeletions, graceDays, only, report only, not "x{40}", "b", "c"\.$/,
    );
    expect(() => read(payload)).toThrow(
      expect.objectContaining({ name: "BadPayload" }),
    );
  });
});

it("only ever tightens, whatever is sent", () => {
  const value = fc.oneof(fc.integer(), fc.double(), fc.anything());
  const payload = fc.record(
    {
      dryRun: fc.oneof(fc.boolean(), fc.anything()),
      graceDays: value,
      maxDeletions: value,
      report: fc.oneof(fc.boolean(), fc.anything()),
      only: fc.oneof(
        fc.array(fc.constantFrom(A, B, A.toUpperCase(), "x")),
        fc.anything(),
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(payload, fc.boolean(), (sent, dryRun) => {
      let result;
      try {
        result = read(sent, { dryRun });
      } catch (error) {
        expect(error).toBeInstanceOf(BadPayload);
        return;
      }
      expect(result.policy.graceDays).toBeGreaterThanOrEqual(7);
      expect(result.policy.graceDays).toBeLessThanOrEqual(3650);
      expect(result.maxDeletions).toBeLessThanOrEqual(100);
      expect(result.maxDeletions).toBeGreaterThanOrEqual(1);
      expect(result.dryRun).toBe(dryRun || "dryRun" in sent);
      // A list that was sent is never lost: that would widen the run to everything.
      expect(result.only !== undefined).toBe("only" in sent);
      expect(result.only?.size).not.toBe(0);
      expect(result.policy).toMatchObject({
        unseenDomains: "keep",
        projectNames: ["default"],
      });
    }),
    { numRuns: 1000 },
  );
});
