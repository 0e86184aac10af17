import { describe, expect, it, vi } from "vitest";
import { readConfiguration } from "../../functions/host/configuration.ts";
import {
  BadSettings,
  readConfig,
  readDeployments,
} from "../../infra/settings/config.ts";
import { DEFINITIONS, settingsTable } from "../../infra/settings/settings.ts";
import { CONFIGURATIONS } from "./configurations.ts";

const { secretArn: SECRET, secretKeyArn: SECRET_KEY } =
  CONFIGURATIONS["everything on"];

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
const jwt = CONFIGURATIONS["everything on"].authorizer;

describe("settings", () => {
  it("are all optional", () => {
    expect(readConfig(undefined)).toEqual(readConfig({ dryRun: true }));
    expect(readConfig(null).settings).toMatchObject({
      provider: "volcengine",
      schedule: "cron(17 3 * * ? *)",
      timeZone: "UTC",
      authorizer: "iam",
      dashboard: false,
    });
  });

  it("ship as a dry run", () => {
    expect(CONFIGURATIONS.default).toEqual({ dryRun: true });
  });

  it("are taken as they are", () => {
    for (const authorizer of ["iam", jwt]) {
      expect(readConfig({ authorizer }).settings.authorizer).toEqual(
        authorizer,
      );
    }
  });

  it("take a mail address in any depth of a domain", () => {
    for (const alarmEmail of ["a@b.example", "a.b+c@d.e-f.co.example"]) {
      expect(readConfig({ alarmEmail }).settings.alarmEmail).toBe(alarmEmail);
    }
  });

  it("may come as JSON from the command line", () => {
    expect(readConfig('{"graceDays":14}').settings.graceDays).toBe(14);
  });

  it.each(Object.entries(CONFIGURATIONS))(
    "make an environment that the functions accept: %s",
    (_, given) => {
      const { environment, pace, intervalMinutes, settings } =
        readConfig(given);
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
          warnDays: settings.warnDays,
        });
      }
    },
  );

  it.each([
    ["rate(20 minutes)", "UTC", 20, 2],
    ["rate(1 hour)", "UTC", 60, 3],
    ["cron(17 3 * * ? *)", "UTC", 1440, 49],
    // In autumn a day has 25 hours.
    ["cron(17 4 * * ? *)", "Europe/Berlin", 1500, 51],
    ["cron(0 8 ? * MON-FRI *)", "UTC", 4320, 145],
    ["rate(83 hours)", "UTC", 4980, 167],
    ["rate(5010 minutes)", "UTC", 5010, 168],
  ])(
    "of %s in %s: at most %i minutes between sweeps, and the dead man waits %i hours",
    (schedule, timeZone, intervalMinutes, deadManHours) => {
      expect(readConfig({ schedule, timeZone })).toMatchObject({
        intervalMinutes,
        deadManHours,
      });
    },
  );

  it.each([
    [{}, "https://live.volcengineapi.com", "cn-north-1"],
    [
      { provider: "volcengine" },
      "https://live.volcengineapi.com",
      "cn-north-1",
    ],
    [
      { provider: "byteplus" },
      "https://open.byteplusapi.com",
      "ap-singapore-1",
    ],
    [
      {
        volcengineEndpoint: "https://eu.volcengineapi.com",
        volcengineRegion: "eu-1",
      },
      "https://eu.volcengineapi.com",
      "eu-1",
    ],
  ])("of %j call %s in %s", (given, endpoint, region) => {
    expect(readConfig(given).environment).toMatchObject({
      VOLCENGINE_ENDPOINT: endpoint,
      VOLCENGINE_REGION: region,
    });
  });

  it.each([
    [true, "true"],
    // It is the schedule that asks for a dry run.
    ["schedule", "false"],
    [false, "false"],
  ])("of dryRun %j make DRY_RUN %s", (dryRun, variable) => {
    expect(readConfig({ dryRun }).environment["DRY_RUN"]).toBe(variable);
  });

  it("have examples that are valid", () => {
    for (const [key, { example }] of Object.entries(DEFINITIONS)) {
      const value: unknown = JSON.parse(example);
      const context = { secretArn: SECRET, [key]: value };
      expect([key, problemsOf(context)]).toEqual([key, []]);
    }
  });

  it("stand in the documents' table with default, range, example, variable and meaning", () => {
    const [head, line, ...rows] = settingsTable().trimEnd().split("\n");
    expect(head).toBe(
      "| Key | Default | Permitted | Example | Variable | Meaning |",
    );
    expect(line).toBe("| --- | --- | --- | --- | --- | --- |");
    expect(rows).toHaveLength(Object.keys(DEFINITIONS).length);
    for (const row of rows) expect(row.split("|")).toHaveLength(8);
    expect(rows).toContain(
      '| `unseenDomains` | `"keep"` | keep or ignore | `"ignore"` | `UNSEEN_DOMAINS` | what becomes of a certificate whose name covers no domain of the account |',
    );
    expect(rows).toContain(
      '| `alarmEmail` | none | one e-mail address | `"video-team@example.com"` |  | who gets reports and alarms, after confirming the subscription once |',
    );
  });
});

/** By key: values that are refused, each as one problem of that key or of what is below it. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  provider: ["aws"],
  secretArn: [
    "live-janitor",
    SECRET.slice(0, -7),
    ` ${SECRET}`,
    `${SECRET} `,
    SECRET.replace("111122223333", "1"),
    SECRET.replace("live-janitor", "live janitor"),
  ],
  secretKeyArn: ["alias/mine", `x${SECRET_KEY}`, `${SECRET_KEY}/x`],
  volcengineEndpoint: [
    "http://live.volcengineapi.com",
    "https://volcengineapi.com.evil.example",
    "https://live.volcengineapi.com/x",
    "https://u@live.volcengineapi.com",
    "https://open.byteplusapi.com",
    ["https://live.volcengineapi.com"],
  ],
  volcengineRegion: ["CN"],
  graceDays: [-1, 3651, 1.5, "7", null],
  maxDeletions: [0, 100_001],
  dryRun: ["false", "Schedule"],
  warnDays: ["30", 366, -1, false],
  unseenDomains: ["Keep"],
  projectNames: ["default", ["default", ""], [1]],
  protect: [
    {},
    ["x"],
    [{ ...rule, match: "domains" }],
    [rule, { ...rule, value: "" }],
    [{ ...rule, owner: "" }],
    [{ match: "name", value: "x" }],
    [{ ...rule, until: "2027-02-29" }],
    [{ ...rule, until: "2027-1-1" }],
    [{ ...rule, until: null }],
    [{ ...rule, match: "chainId", value: "4060e265" }],
    [{ ...rule, match: "chainId", value: "live.example.com" }],
    [{ ...rule, note: "x" }],
  ],
  schedule: ["daily", "cron(17 25 * * ? *)", 5, ["rate(6 hours)"]],
  timeZone: ["Berlin", "+01:00", 1],
  alarmEmail: [
    "",
    "a@b",
    "a@b.example, c@d.example",
    " a@b.example",
    "a@b.example ",
    "@b.example",
  ],
  authorizer: [
    "none",
    null,
    { ...jwt, issuer: "http://x.example" },
    { ...jwt, issuer: "login" },
    { ...jwt, issuer: [jwt.issuer] },
    { ...jwt, deleteScope: "a b" },
    { ...jwt, readScope: "" },
    { ...jwt, readScope: "r".repeat(129) },
    { ...jwt, audience: ["a"] },
    { ...jwt, scope: "x" },
  ],
  reservedConcurrency: [0, 101, true],
  dashboard: [1],
};

describe("wrong settings", () => {
  it.each(
    Object.entries(WRONG).flatMap(([key, values]) =>
      values.map((value) => [key, value] as const),
    ),
  )("%s %j: key, value, what is permitted, and an example", (key, value) => {
    const problems = problemsOf({
      ...(key === "secretKeyArn" && { secretArn: SECRET }),
      [key]: value,
    });
    expect(problems).toEqual([
      expect.stringMatching(
        new RegExp(`^${key}\\S* is .+; permitted: .+; example: .+`, "u"),
      ),
    ]);
  });

  it.each<[string, unknown, string]>([
    ["provider", "aws", 'provider is "aws"; '],
    ["secretArn", "k", "secretArn is wrong (not shown, in case it is a key)"],
    ["volcengineEndpoint", "https://open.byteplusapi.com", "pace does not fit"],
    ["projectNames", ["default", ""], 'projectNames[1] is ""'],
    ["protect", [{ match: "name", value: "x" }], "protect[0].owner is absent"],
    [
      "protect",
      [{ ...rule, match: "chainId", value: "4060e265" }],
      'protect[0].value is "4060e265": it can match nothing',
    ],
    ["protect", [{ ...rule, note: "x" }], "there is no such property"],
    ["schedule", "daily", "neither rate(...) nor cron(...)"],
    ["schedule", "cron(17 25 * * ? *)", "hours field"],
    ["schedule", "rate(19 minutes)", "19 minutes apart in UTC, and one may"],
    ["schedule", "cron(0/15 * * * ? *)", "15 minutes apart"],
    ["schedule", "rate(84 hours)", "up to 84 hours apart in UTC, and no alarm"],
    ["schedule", "cron(0 8 ? * MON *)", "168 hours apart"],
    ["timeZone", "berlin", "no such zone, or not in the letter case"],
    ["authorizer", { ...jwt, audience: ["a"] }, "authorizer.audience is"],
    ["authorizer", { ...jwt, scope: "x" }, "authorizer.scope is"],
    [
      "authorizer",
      { ...jwt, deleteScope: jwt.readScope },
      'authorizer.deleteScope is "certificates.read": whoever may read could delete',
    ],
    ["graceDays", "9".repeat(200), `is "${"9".repeat(119)}…; `],
  ])("%s %j: why", (key, value, expected) => {
    expect(problemsOf({ [key]: value })).toEqual([
      expect.stringContaining(expected),
    ]);
  });

  it.each(["issuer", "audience", "readScope", "deleteScope"])(
    "an authorizer without %s",
    (name) => {
      expect(problemsOf({ authorizer: { ...jwt, [name]: undefined } })).toEqual(
        [expect.stringContaining(`authorizer.${name} is absent`)],
      );
    },
  );

  it.each([
    ["graceDay", "graceDays"],
    ["GRACE_DAYS", "graceDays"],
    ["maxdeletions", "maxDeletions"],
    ["email", "alarmEmail"],
    ["secretARN", "secretArn"],
    ["protectd", "protect"],
    ["reserved_concurrency", "reservedConcurrency"],
  ])("%s is unknown; the nearest is named", (key, nearest) => {
    expect(problemsOf({ [key]: 1 })).toEqual([
      expect.stringMatching(
        `^${key} is not a setting; the nearest is ${nearest}: .+; example: .+`,
      ),
    ]);
  });

  it("nothing that every object has is a setting", () => {
    for (const key of ["toString", "constructor", "sendsPerSecond"]) {
      expect(problemsOf({ [key]: 1 })).toHaveLength(1);
    }
  });

  it.each([["{"], [5], ['"text"'], [true]])("the whole value %j", (context) => {
    expect(problemsOf(context)).toEqual([
      expect.stringMatching(/^janitor is .*an object of settings/),
    ]);
  });

  it("of the whole value no more than 120 characters are shown", () => {
    const shown = (length: number) => problemsOf("x".repeat(length)).join();
    expect(shown(118)).toContain(`janitor is "${"x".repeat(118)}"; `);
    expect(shown(119)).toContain(`janitor is "${"x".repeat(119)}…; `);
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
    const context = { secretArn: SECRET, secretKeyArn: SECRET_KEY };
    const problems = problemsOf(context, { region });
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
    const secretKeyArn = `arn:${partition}:kms:${region}:111122223333:key/1234abcd`;
    expect(problemsOf({ secretArn, secretKeyArn }, { region })).toEqual([]);
    // Elsewhere it is not known where the stack goes.
    expect(problemsOf({ secretArn })).toEqual([]);
    const wrong = secretArn.replace(/^arn:[^:]*/, "arn:aws-other");
    expect(problemsOf({ secretArn: wrong }, { region })).toHaveLength(1);
  });

  it("an endpoint is not measured by a provider that is wrong itself", () => {
    const volcengineEndpoint = "https://open.byteplusapi.com";
    expect(problemsOf({ provider: "aws", volcengineEndpoint })).toEqual([
      expect.stringMatching(/^provider is "aws"; /),
    ]);
  });

  it("a key without its secret", () => {
    expect(problemsOf({ secretKeyArn: SECRET_KEY })).toEqual([
      expect.stringContaining("secretArn is absent"),
    ]);
  });

  it("are reported all at once", () => {
    const wrong = {
      graceDay: 1,
      ...Object.fromEntries(Object.keys(DEFINITIONS).map((key) => [key, "x"])),
      volcengineRegion: "X",
      protect: [{ match: "x", value: 0, owner: 0, until: 0 }, 0],
      authorizer: {},
    };
    // One each, four more for the rules and three more for the authorizer.
    const count = Object.keys(wrong).length + 4 + 3;
    expect(problemsOf(wrong)).toHaveLength(count);
    expect(() => readConfig(wrong)).toThrow(
      `The context key janitor of cdk.json has ${String(count)} problems:\n  - graceDay is`,
    );
    const problems = problemsOf({ graceDays: -1, maxDeletions: 0 });
    expect(new BadSettings(problems)).toMatchObject({
      name: "BadSettings",
      message: `The context key janitor of cdk.json has 2 problems:\n  - ${problems.join("\n  - ")}`,
    });
    expect(() => readConfig({ graceDays: -1 })).toThrow("has 1 problem:\n");
  });

  it("an environment that Lambda would refuse names its largest setting", () => {
    const protect = (length: number) => ({
      projectNames: ["default"],
      protect: [{ ...rule, value: "*".repeat(length) }],
    });
    const [problem = "", ...others] = problemsOf(protect(3500));
    expect(others).toEqual([]);
    expect(problem).toMatch(
      /environment .* has 4\d{3} bytes; permitted: at most 4000; the largest setting is protect with 35\d\d bytes; example: /,
    );
    expect(problemsOf({ projectNames: ["x".repeat(3500)] })).toEqual([
      expect.stringContaining("the largest setting is projectNames with 3504"),
    ]);
    // To the byte, with room for what the stack adds: three names of unknown length, the pace and the interval.
    const over = Number(/has (\d+) bytes/.exec(problem)?.[1]) - 4000;
    expect(problemsOf(protect(3500 - over))).toEqual([]);
    expect(problemsOf(protect(3501 - over))).toHaveLength(1);
    const reference = "r".repeat(140);
    const whole = {
      ...readConfig(protect(3500 - over)).environment,
      VOLCENGINE_SECRET_ID: reference,
      REPORT_TOPIC_ARN: reference,
      STACK_NAME: reference,
      SENDS_PER_SECOND: "7.8",
      PROVIDER: "volcengine",
      SWEEP_INTERVAL_MINUTES: "1440",
    };
    expect(JSON.stringify(whole)).toHaveLength(4000);
  });
});

describe("what is permitted and may not be meant", () => {
  const warnings = (value: unknown, today = "2026-11-24") =>
    readConfig(value, { today }).warnings;

  it.each([
    ...["^live\\.", "root$", ".*-root", "a.+", "[a-z]x", "x[a-z]", "(a|b)"],
    ...["a\\.b", "x(a.|b.)y"],
  ])("is a rule like %s: a regular expression among globs", (value) => {
    expect(warnings({ protect: [rule, { ...rule, value }] })).toEqual([
      expect.stringMatching(
        /^protect\[1\] looks like a regular expression, ".*and is taken as a glob/,
      ),
    ]);
  });

  it.each([
    ...["*-root", "live.*", "*.example.com", "a(b)", "c++ team", "$5", "x[1"],
    ...["a^b", "[]", "a|b"],
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
    // The clock's day where none is given.
    vi.useFakeTimers({ now: new Date("2026-11-24T12:00:00Z") });
    try {
      expect(readConfig({ protect }).warnings).toHaveLength(0);
      vi.setSystemTime(new Date("2026-11-25T00:00:00Z"));
      expect(readConfig({ protect }).warnings).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is a first sweep before the key is there", () => {
    const early = { schedule: "rate(6 hours)" };
    expect(warnings({ ...early, protect: [{ ...rule, value: "a$" }] })).toEqual(
      [
        expect.stringContaining("regular expression"),
        expect.stringContaining("starts the first sweep with the deployment"),
      ],
    );
    expect(warnings({ ...early, secretArn: SECRET })).toEqual([]);
    expect(warnings({})).toEqual([]);
  });
});

describe("a list of settings", () => {
  const list = [
    { name: "sports", dryRun: false },
    { name: "News-2", provider: "byteplus" },
  ];

  it("makes a stack of each, called by its name", () => {
    const deployments = readDeployments(list);
    expect(deployments).toEqual([
      {
        stackId: "LiveCertJanitor-sports",
        name: "sports",
        config: readConfig({ dryRun: false }),
      },
      {
        stackId: "LiveCertJanitor-News-2",
        name: "News-2",
        config: readConfig({ provider: "byteplus" }),
      },
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

  it("does not take a defect of the program for a wrong setting", () => {
    const defect = new TypeError("a defect");
    const surroundings = {
      get region(): string {
        throw defect;
      },
    };
    expect(() => readDeployments(list, surroundings)).toThrow(defect);
  });

  it("goes where the one stack would go", () => {
    const elsewhere = [{ name: "a", secretArn: SECRET }];
    expect(problemsOf(elsewhere, { region: "eu-west-1" })).toHaveLength(1);
  });

  it.each<[string, readonly unknown[], readonly RegExp[]]>([
    ["is empty", [], [/^janitor is an empty list/]],
    ["lacks a name", [{}], [/^janitor\[0\]\.name is absent; permitted: /]],
    ["has a bad name", [{ name: "a b" }], [/^janitor\[0\]\.name is "a b"/]],
    ["has a name around it", [{ name: "a_" }], [/^janitor\[0\]\.name is "a_"/]],
    ["has no name", [{ name: "" }], [/^janitor\[0\]\.name is ""/]],
    ["has a number", [{ name: 7 }], [/^janitor\[0\]\.name is 7/]],
    ["has no objects", [1], [/^janitor\[0\]\.name is absent/]],
    [
      "has a name twice",
      [{ name: "a" }, { name: "b" }, { name: "A" }],
      [/^janitor\[2\] has the name of janitor\[0\]; permitted: another one/],
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
        /^c: nam is not a setting/,
      ],
    ],
  ])("that %s is refused", (_, context, said) => {
    expect(problemsOf(context)).toEqual(
      said.map((text) => expect.stringMatching(text) as unknown),
    );
  });
});
