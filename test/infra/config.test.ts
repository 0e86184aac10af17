import { Annotations, Match } from "aws-cdk-lib/assertions";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { readConfiguration } from "../../functions/host/configuration.ts";
import {
  BadSettings,
  readConfig,
  readDeployments,
} from "../../infra/settings/config.ts";
import { DEFINITIONS } from "../../infra/settings/settings.ts";
import {
  CONFIGURATIONS,
  CONTEXT,
  ROOT,
  synthesize,
  type Json,
} from "./synthesize.ts";

const SECRET =
  "arn:aws:secretsmanager:eu-central-1:111122223333:secret:live-janitor-AbCdEf";

function problemsOf(
  context: unknown,
  surroundings: { readonly region?: string } = {},
): readonly string[] {
  try {
    readDeployments(context, surroundings);
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
    const { settings, deadManHours, intervalMinutes, environment, pace } =
      readConfig(undefined);
    expect(settings).toMatchObject({
      provider: "volcengine",
      graceDays: 7,
      maxDeletions: 100,
      dryRun: true,
      warnDays: "auto",
      unseenDomains: "keep",
      schedule: "cron(17 3 * * ? *)",
      timeZone: "UTC",
      authorizer: "iam",
      dashboard: false,
    });
    expect(deadManHours).toBe(49);
    expect(intervalMinutes).toBe(1440);
    expect(environment).toEqual({
      VOLCENGINE_ENDPOINT: "https://live.volcengineapi.com",
      VOLCENGINE_REGION: "cn-north-1",
      GRACE_DAYS: "7",
      MAX_DELETIONS: "100",
      DRY_RUN: "true",
      WARN_DAYS: "auto",
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

  it.each([
    [true, "true"],
    ["schedule", "false"],
    [false, "false"],
  ])("of dryRun %j let the functions delete: DRY_RUN is %s", (dryRun, text) => {
    expect(readConfig({ dryRun }).environment["DRY_RUN"]).toBe(text);
  });

  it.each([
    ["rate(20 minutes)", "UTC", 20],
    ["cron(0 8 ? * MON-FRI *)", "UTC", 4320],
    // In autumn a day has 25 hours.
    ["cron(17 4 * * ? *)", "Europe/Berlin", 1500],
    ["rate(83 hours)", "UTC", 4980],
  ])("know the longest interval of %s in %s", (schedule, timeZone, minutes) => {
    expect(readConfig({ schedule, timeZone }).intervalMinutes).toBe(minutes);
  });

  it("may come as JSON from the command line", () => {
    expect(readConfig('{"graceDays":14}').settings.graceDays).toBe(14);
  });

  it.each(Object.entries(CONFIGURATIONS))(
    "make an environment that the functions accept: %s",
    (_, settings) => {
      const {
        environment,
        pace,
        intervalMinutes,
        settings: { warnDays: warned },
      } = readConfig(settings);
      for (const rate of Object.values(pace)) {
        expect(
          readConfiguration({
            VOLCENGINE_SECRET_ID: SECRET,
            ...environment,
            SENDS_PER_SECOND: rate,
            SWEEP_INTERVAL_MINUTES: String(intervalMinutes),
          }),
        ).toMatchObject({
          sendsPerSecond: Number(rate),
          sweepIntervalMinutes: intervalMinutes,
          warnDays: warned,
        });
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
});

describe("wrong settings", () => {
  it.each<[string, unknown, string]>([
    ["provider", "aws", 'provider is "aws"'],
    [
      "secretArn",
      "live-janitor",
      "secretArn is wrong (not shown, in case it is a key)",
    ],
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
    ["dryRun", "Schedule", 'dryRun is "Schedule"'],
    ["warnDays", "30", 'warnDays is "30"'],
    ["warnDays", 366, "warnDays is 366"],
    ["warnDays", -1, "warnDays is -1"],
    ["warnDays", false, "warnDays is false"],
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
      [{ ...rule, match: "chainId", value: "4060e265" }],
      'protect[0].value is "4060e265": it can match nothing',
    ],
    [
      "protect",
      [{ ...rule, match: "chainId", value: "live.example.com" }],
      "being neither a glob nor a chain id",
    ],
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
    [
      "authorizer",
      { ...jwt, deleteScope: "r" },
      'authorizer.deleteScope is "r": whoever may read could delete',
    ],
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

  it.each([["{"], [5], ['"text"'], [true]])("the whole value %j", (context) => {
    const problems = problemsOf(context);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("an object of settings");
  });

  it("no value is shown that may be a key by mistake", () => {
    for (const key of ["secretArn", "volcengineEndpoint"]) {
      expect(problemsOf({ [key]: "AKLT-CANARY" }).join()).not.toMatch(/CANARY/);
    }
  });

  it("settings within settings", () => {
    expect(problemsOf({ janitor: { graceDays: 3 } })).toEqual([
      expect.stringMatching(/^janitor is nested twice: /),
    ]);
  });

  it.each([
    [
      "eu-west-1",
      "of eu-central-1 in partition aws, and the stack goes to eu-west-1",
    ],
    ["cn-north-1", "of eu-central-1 in partition aws, and"],
  ])("a secret and its key elsewhere than the stack in %s", (region, said) => {
    const { secretKeyArn } = CONFIGURATIONS["everything on"];
    const problems = problemsOf(
      { secretArn: SECRET, secretKeyArn },
      { region },
    );
    expect(problems).toEqual([
      expect.stringMatching(/^secretArn is wrong/),
      expect.stringMatching(/^secretKeyArn is /),
    ]);
    for (const problem of problems) expect(problem).toContain(said);
  });

  it.each([
    ["eu-central-1", "aws"],
    ["cn-north-1", "aws-cn"],
    ["us-gov-west-1", "aws-us-gov"],
  ])("but no secret in the stack's own region %s", (region, partition) => {
    const secretArn = `arn:${partition}:secretsmanager:${region}:111122223333:secret:live-janitor-AbCdEf`;
    expect(problemsOf({ secretArn }, { region })).toEqual([]);
    // Elsewhere it is not known where the stack goes.
    expect(problemsOf({ secretArn })).toEqual([]);
    const wrong = secretArn.replace(/^arn:[^:]*/, "arn:aws-other");
    expect(problemsOf({ secretArn: wrong }, { region })).toHaveLength(1);
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
      warnDays: "x",
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
    expect(String(error)).toContain("has 26 problems:\n");
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

describe("what is permitted and may not be meant", () => {
  const warnings = (value: unknown, today = "2026-11-24") =>
    readConfig(value, { today }).warnings;

  it.each(["^live\\.", "root$", ".*-root", "a.+", "[a-z]x", "(a|b)", "a\\.b"])(
    "is a rule like %s: a regular expression among globs",
    (value) => {
      expect(warnings({ protect: [rule, { ...rule, value }] })).toEqual([
        expect.stringMatching(
          /^protect\[1\] looks like a regular expression, ".*and is taken as a glob/,
        ),
      ]);
    },
  );

  it.each([
    "*-root",
    "live.*",
    "*.example.com",
    "a(b)",
    "c++ team",
    "$5",
    "x[1",
  ])("is not a rule like %s", (value) => {
    expect(warnings({ protect: [{ ...rule, value }] })).toEqual([]);
  });

  it("is a rule whose last day has passed, and none on that day", () => {
    const protect = [{ ...rule, until: "2026-11-24" }];
    expect(warnings({ protect }, "2026-11-24")).toEqual([]);
    expect(warnings({ protect }, "2026-11-25")).toEqual([
      expect.stringMatching(
        /^protect\[0\] protects nothing any more.*2026-11-24/,
      ),
    ]);
  });

  it("is a first sweep before the key is there", () => {
    expect(warnings({ schedule: "rate(6 hours)" })).toEqual([
      expect.stringContaining("starts the first sweep with the deployment"),
    ]);
    expect(warnings({ schedule: "rate(6 hours)", secretArn: SECRET })).toEqual(
      [],
    );
    expect(warnings({})).toEqual([]);
  });

  it("is printed with the stack", () => {
    const { stack } = synthesize({
      protect: [{ ...rule, until: "2020-01-01" }],
    });
    Annotations.fromStack(stack).hasWarning(
      "*",
      Match.stringLikeRegexp("protects nothing any more"),
    );
    expect(
      Annotations.fromStack(stack).findWarning("*", Match.anyValue()),
    ).toHaveLength(1);
  });
});

describe("a list of settings", () => {
  const list = [
    { name: "sports", dryRun: false },
    { name: "News-2", provider: "byteplus" },
  ];

  it("makes a stack of each, called by its name", () => {
    const deployments = readDeployments(list);
    expect(deployments.map(({ stackId, name }) => [stackId, name])).toEqual([
      ["LiveCertJanitor-sports", "sports"],
      ["LiveCertJanitor-News-2", "News-2"],
    ]);
    expect(deployments.map(({ config }) => config.settings)).toEqual([
      readConfig({ dryRun: false }).settings,
      readConfig({ provider: "byteplus" }).settings,
    ]);
    expect(readDeployments(JSON.stringify(list))).toEqual(deployments);
  });

  it("is no list where there is one stack", () => {
    expect(readDeployments({ dryRun: false })).toEqual([
      {
        stackId: "LiveCertJanitor",
        name: undefined,
        config: readConfig({ dryRun: false }),
      },
    ]);
  });

  it.each<[string, readonly unknown[], readonly RegExp[]]>([
    ["is empty", [], [/^janitor is an empty list/]],
    ["lacks a name", [{}], [/^janitor\[0\]\.name is absent; permitted: /]],
    ["has a bad name", [{ name: "a b" }], [/^janitor\[0\]\.name is "a b"/]],
    ["has no objects", [1], [/^janitor\[0\]\.name is absent/]],
    [
      "has a name twice",
      [{ name: "a" }, { name: "b" }, { name: "A" }],
      [/^janitor\[2\] has the name of janitor\[0\]/],
    ],
    [
      "has a secret twice, and so an account",
      [
        { name: "a", secretArn: SECRET },
        { name: "b", secretArn: SECRET },
      ],
      [/^janitor\[1\] has the secretArn of janitor\[0\]/],
    ],
    [
      "has problems here and there, all of which are told",
      [
        { name: "a", graceDays: -1, dryRun: 0 },
        { maxDeletions: 0 },
        { name: "c", nam: 1 },
      ],
      [
        /^a: graceDays is -1/,
        /^a: dryRun is 0/,
        /^janitor\[1\]\.name is absent/,
        /^janitor\[1\]: maxDeletions is 0/,
        /^c: nam is no setting/,
      ],
    ],
  ])("that %s is refused", (_, context, said) => {
    const problems = problemsOf(context);
    expect(problems).toHaveLength(said.length);
    for (const text of said) {
      expect(problems).toContainEqual(expect.stringMatching(text));
    }
  });
});

describe("the app, as the CLI runs it", { timeout: 180_000 }, () => {
  /** What it prints to the error stream, and the templates that it makes. */
  async function synth(context: Json) {
    const outdir = await mkdtemp(join(tmpdir(), "janitor-app-"));
    const child = spawn(process.execPath, ["--import", "tsx", "infra/app.ts"], {
      cwd: ROOT,
      env: {
        PATH: process.env["PATH"],
        CDK_OUTDIR: outdir,
        CDK_VALIDATION: "false",
        CDK_CONTEXT_JSON: JSON.stringify({
          ...CONTEXT,
          "aws:cdk:bundling-stacks": [],
          ...context,
        }),
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [said] = await Promise.all([
      text(child.stderr),
      once(child, "close"),
    ]);
    const files = await readdir(outdir);
    const notes = files.filter((file) => file.endsWith(".metadata.json"));
    const told = await Promise.all(
      notes.map((file) => readFile(join(outdir, file), "utf8")),
    );
    await rm(outdir, { recursive: true });
    return {
      ...{ said, told },
      code: child.exitCode,
      templates: files
        .filter((file) => /^LiveCert.*\.template\.json$/.test(file))
        .sort(),
    };
  }

  it("prints what is wrong, and nothing around it", async () => {
    const { said, code, templates } = await synth({
      janitor: { graceDays: -1 },
    });
    expect(said).toBe(
      "The context key janitor of cdk.json has 1 problem:\n  - graceDays is -1; permitted: whole number from 0 to 3650; example: 14\n",
    );
    expect(code).toBe(1);
    expect(templates).toEqual([]);
  });

  it("makes every stack of a list, and says that nobody is logged in", async () => {
    const { told, code, templates } = await synth({
      janitor: [{ name: "sports" }, { name: "news" }],
    });
    expect(code).toBe(0);
    expect(templates).toEqual([
      "LiveCertJanitor-news.template.json",
      "LiveCertJanitor-sports.template.json",
    ]);
    expect(told.join("\n")).toContain("There are no AWS credentials at hand");
  });

  it("takes one name of a stack for one stack only", async () => {
    const both = { janitor: [{ name: "a" }, { name: "b" }], stackName: "mine" };
    expect((await synth(both)).said).toContain(
      "stackName is one name for several stacks",
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
