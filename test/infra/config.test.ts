import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfiguration } from "../../functions/aws/configuration.ts";
import { BadSettings, readConfig } from "../../infra/config.ts";
import { DEFINITIONS, settingsTable } from "../../infra/settings.ts";
import { CONFIGURATIONS, ROOT } from "./synthesize.ts";

const SECRET =
  "arn:aws:secretsmanager:eu-central-1:111122223333:secret:live-janitor-AbCdEf";

function problemsOf(context: unknown): readonly string[] {
  try {
    readConfig(context);
  } catch (error) {
    if (error instanceof BadSettings) return error.problems;
    throw error;
  }
  return [];
}

const rule = { match: "name", value: "*-root", owner: "video-team" };
const jwt = {
  issuer: "https://login.example.com",
  audience: "janitor",
  readScope: "r",
  deleteScope: "d",
};

describe("settings", () => {
  it("are all optional", () => {
    const { settings, deadManHours, environment, pace } = readConfig(undefined);
    expect(settings).toMatchObject({
      provider: "volcengine",
      graceDays: 7,
      maxDeletions: 100,
      dryRun: false,
      unseenDomains: "keep",
      schedule: "cron(17 3 * * ? *)",
      timeZone: "UTC",
      authorizer: "iam",
      dashboard: false,
    });
    expect(deadManHours).toBe(49);
    expect(environment).toEqual({
      VOLCENGINE_ENDPOINT: "https://live.volcengineapi.com",
      VOLCENGINE_REGION: "cn-north-1",
      GRACE_DAYS: "7",
      MAX_DELETIONS: "100",
      DRY_RUN: "false",
      UNSEEN_DOMAINS: "keep",
      PROJECT_NAMES: "[]",
      PROTECT: "[]",
    });
    expect(pace).toEqual({ api: "2", sweep: "7.8" });
  });

  it("ship as a dry run", () => {
    expect(CONFIGURATIONS.default).toEqual({ dryRun: true });
  });

  it("follow the provider", () => {
    const { environment, pace } = readConfig({ provider: "byteplus" });
    expect(environment).toMatchObject({
      VOLCENGINE_ENDPOINT: "https://open.byteplusapi.com",
      VOLCENGINE_REGION: "ap-singapore-1",
    });
    expect(pace).toEqual({ api: "0.3", sweep: "0.6" });
  });

  it("may come as JSON from the command line", () => {
    expect(readConfig('{"graceDays":14}').settings.graceDays).toBe(14);
  });

  it.each(Object.entries(CONFIGURATIONS))(
    "make an environment that the functions accept: %s",
    (_, settings) => {
      const { environment, pace } = readConfig(settings);
      for (const rate of Object.values(pace)) {
        expect(
          readConfiguration({
            VOLCENGINE_SECRET_ID: SECRET,
            ...environment,
            SENDS_PER_SECOND: rate,
          }),
        ).toMatchObject({ sendsPerSecond: Number(rate) });
      }
    },
  );

  it("have examples that are valid", () => {
    for (const [key, { example }] of Object.entries(DEFINITIONS)) {
      const value: unknown = JSON.parse(example);
      const context = { secretArn: SECRET, [key]: value };
      expect([key, problemsOf(context)]).toEqual([key, []]);
    }
  });

  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  it("stand in the README", () => {
    // Prettier aligns the columns.
    const plain = (text: string) => text.replaceAll(/ +|(?<=-)-+/g, " ");
    const text = plain(readme);
    for (const row of settingsTable().trimEnd().split("\n").slice(2)) {
      expect(text).toContain(plain(row));
    }
  });

  it("make the README's table", () => {
    const rows = settingsTable().trimEnd().split("\n");
    expect(rows).toHaveLength(2 + Object.keys(DEFINITIONS).length);
    for (const [key, { range, meaning }] of Object.entries(DEFINITIONS)) {
      const row = rows.find((line) => line.startsWith(`| \`${key}\` |`)) ?? "";
      expect(row).toContain(range.replaceAll("|", "\\|"));
      expect(row).toContain(meaning);
    }
    expect(new Set(rows.map((row) => row.split(" | ").length)).size).toBe(1);
  });
});

describe("wrong settings", () => {
  it.each<[string, unknown, string]>([
    ["provider", "aws", 'provider is "aws"'],
    ["secretArn", "live-janitor", 'secretArn is "live-janitor"'],
    ["secretArn", SECRET.slice(0, -7), "secretArn is"],
    ["secretKeyArn", "alias/mine", "secretKeyArn is"],
    [
      "volcengineEndpoint",
      "http://live.volcengineapi.com",
      "volcengineEndpoint is",
    ],
    [
      "volcengineEndpoint",
      "https://volcengineapi.com.evil.example",
      "volcengineEndpoint is",
    ],
    [
      "volcengineEndpoint",
      "https://live.volcengineapi.com/x",
      "volcengineEndpoint is",
    ],
    [
      "volcengineEndpoint",
      "https://u@live.volcengineapi.com",
      "volcengineEndpoint is",
    ],
    [
      "volcengineEndpoint",
      "https://open.byteplusapi.com",
      "provider is volcengine",
    ],
    ["volcengineRegion", "CN", "volcengineRegion is"],
    ["graceDays", -1, "graceDays is -1"],
    ["graceDays", 3651, "graceDays is 3651"],
    ["graceDays", 1.5, "graceDays is 1.5"],
    ["graceDays", "7", 'graceDays is "7"'],
    ["graceDays", null, "graceDays is null"],
    ["maxDeletions", 0, "maxDeletions is 0"],
    ["maxDeletions", 100_001, "maxDeletions is 100001"],
    ["dryRun", "false", 'dryRun is "false"'],
    ["unseenDomains", "Keep", "unseenDomains is"],
    ["projectNames", "default", "projectNames is"],
    ["projectNames", ["default", ""], 'projectNames[1] is ""'],
    ["projectNames", [1], "projectNames[0] is 1"],
    ["protect", {}, "protect is {}"],
    ["protect", ["x"], 'protect[0] is "x"'],
    [
      "protect",
      [{ ...rule, match: "domains" }],
      'protect[0].match is "domains"',
    ],
    ["protect", [rule, { ...rule, value: "" }], 'protect[1].value is ""'],
    ["protect", [{ ...rule, owner: "" }], 'protect[0].owner is ""'],
    ["protect", [{ match: "name", value: "x" }], "protect[0].owner is absent"],
    ["protect", [{ ...rule, until: "2027-02-29" }], "protect[0].until is"],
    ["protect", [{ ...rule, until: "2027-1-1" }], "protect[0].until is"],
    ["protect", [{ ...rule, until: null }], "protect[0].until is null"],
    [
      "protect",
      [{ ...rule, note: "x" }],
      'protect[0].note is "x": there is no such property',
    ],
    ["schedule", "daily", "neither rate(...) nor cron(...)"],
    ["schedule", "cron(17 25 * * ? *)", "hours field"],
    ["schedule", 5, "schedule is 5"],
    ["schedule", "rate(19 minutes)", "19 minutes apart"],
    ["schedule", "cron(0/15 * * * ? *)", "15 minutes apart"],
    ["schedule", "rate(84 hours)", "no alarm could watch"],
    ["schedule", "cron(0 8 ? * MON *)", "168 hours apart"],
    ["timeZone", "Berlin", 'timeZone is "Berlin"'],
    ["timeZone", "+01:00", "timeZone is"],
    ["alarmEmail", "", 'alarmEmail is ""'],
    ["alarmEmail", "a@b", "alarmEmail is"],
    ["alarmEmail", "a@b.example, c@d.example", "alarmEmail is"],
    ["authorizer", "none", 'authorizer is "none"'],
    [
      "authorizer",
      { ...jwt, issuer: "http://x.example" },
      "authorizer.issuer is",
    ],
    ["authorizer", { ...jwt, deleteScope: "a b" }, "authorizer.deleteScope is"],
    ["authorizer", { ...jwt, audience: ["a"] }, "authorizer.audience is"],
    ["authorizer", { ...jwt, scope: "x" }, "authorizer.scope is"],
    ["reservedConcurrency", 0, "reservedConcurrency is 0"],
    ["reservedConcurrency", true, "reservedConcurrency is true"],
    ["dashboard", 1, "dashboard is 1"],
  ])("%s %j", (key, value, expected) => {
    const problems = problemsOf({ [key]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
    // Key, value, permitted range and an example, each time.
    expect(problems[0]).toMatch(
      new RegExp(`^${key}\\S* is .*; permitted: .+; example: .+`, "u"),
    );
  });

  it.each([
    ["graceDay", "graceDays"],
    ["GRACE_DAYS", "graceDays"],
    ["maxdeletions", "maxDeletions"],
    ["timezone", "timeZone"],
    ["email", "alarmEmail"],
    ["secretARN", "secretArn"],
    ["protectd", "protect"],
    ["reserved_concurrency", "reservedConcurrency"],
  ])("%s is unknown; the nearest is named", (key, nearest) => {
    const problems = problemsOf({ [key]: 1 });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(
      `${key} is no setting; the nearest is ${nearest}: `,
    );
    expect(problems[0]).toContain("; example: ");
  });

  it("nothing that every object has is a setting", () => {
    for (const key of ["toString", "constructor", "sendsPerSecond"]) {
      expect(problemsOf({ [key]: 1 })).toHaveLength(1);
    }
  });

  it.each([[[]], ["{"], [5], ['"text"']])("the whole value %j", (context) => {
    const problems = problemsOf(context);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("an object of settings");
  });

  it("a key without its secret", () => {
    const { secretKeyArn } = CONFIGURATIONS["everything on"];
    expect(problemsOf({ secretKeyArn })[0]).toContain("secretArn is absent");
    expect(problemsOf({ secretKeyArn, secretArn: SECRET })).toEqual([]);
  });

  it("are reported all at once", () => {
    const wrong = {
      graceDay: 1,
      provider: "aws",
      secretArn: "x",
      secretKeyArn: "x",
      volcengineEndpoint: "x",
      volcengineRegion: "",
      graceDays: -1,
      maxDeletions: 0,
      dryRun: 0,
      unseenDomains: 0,
      projectNames: 0,
      protect: [{ match: "x", value: 0, owner: 0, until: 0 }, 0],
      schedule: "x",
      timeZone: "x",
      alarmEmail: "x",
      authorizer: {},
      reservedConcurrency: 0,
      dashboard: 0,
    };
    // One each, four more for the rules and three more for the authorizer.
    expect(problemsOf(wrong)).toHaveLength(Object.keys(wrong).length + 4 + 3);
    const error = (() => {
      try {
        return readConfig(wrong);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(String(error)).toContain("has 25 problems:\n");
  });

  it("an environment that Lambda would refuse names its largest setting", () => {
    const rules = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        ...rule,
        value: `*.video-${String(index)}.example.com`,
      }));
    expect(problemsOf({ protect: rules(30) })).toEqual([]);
    const [problem, ...others] = problemsOf({
      protect: rules(60),
      projectNames: ["default"],
    });
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /environment .* has \d{4} bytes; permitted: at most 4000; the largest setting is protect with \d{4} bytes; example: /,
    );
  });
});

describe("the dead man", () => {
  it.each([
    ["rate(20 minutes)", "UTC", 2],
    ["rate(1 hour)", "UTC", 3],
    ["cron(17 3 * * ? *)", "UTC", 49],
    ["cron(17 4 * * ? *)", "Europe/Berlin", 51],
    ["cron(0 8 ? * MON-FRI *)", "UTC", 145],
    ["rate(83 hours)", "UTC", 167],
  ])(
    "waits twice the interval of %s in %s and an hour",
    (schedule, timeZone, hours) => {
      expect(readConfig({ schedule, timeZone }).deadManHours).toBe(hours);
    },
  );
});
