import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { properties } from "../../functions/contract/parsers.ts";
import { readAll, setting } from "../../functions/contract/settings.ts";
import {
  BadConfiguration,
  readConfiguration,
  type Environment,
} from "../../functions/host/configuration.ts";

function read(env: Environment = {}) {
  return readConfiguration({ VOLCENGINE_SECRET_ID: "live/key", ...env });
}

/** The problems of an environment; none if it is good. */
function problems(env: Environment): readonly string[] {
  try {
    readConfiguration(env);
    return [];
  } catch (error) {
    if (error instanceof BadConfiguration) return error.problems;
    throw error;
  }
}

function problemsOf(name: string, value: string): readonly string[] {
  return problems({ VOLCENGINE_SECRET_ID: "live/key", [name]: value });
}

it.each([
  [
    { GRACE_DAYS: "x" },
    /^Nothing was deleted: a setting is wrong\. GRACE_DAYS .+\.$/,
  ],
  [
    { GRACE_DAYS: "x", DRY_RUN: "x" },
    /^Nothing was deleted: 2 settings are wrong\. GRACE_DAYS .+\. DRY_RUN .+\.$/,
  ],
])(
  "tells how many settings are wrong, and that nothing was done: %j",
  (env, words) => {
    expect(() => read(env)).toThrow(
      expect.objectContaining({
        name: "BadConfiguration",
        message: expect.stringMatching(words) as string,
      }),
    );
  },
);

it("takes text as it is, whatever it looks like", () => {
  expect(read({ VOLCENGINE_SECRET_ID: "123" }).secretId).toBe("123");
});

it("has a default for all but the secret", () => {
  expect(read()).toEqual({
    secretId: "live/key",
    endpoint: new URL("https://live.volcengineapi.com"),
    region: "cn-north-1",
    policy: {
      graceDays: 7,
      unseenDomains: "keep",
      projectNames: [],
      protect: [],
    },
    maxDeletions: 100,
    dryRun: true,
    sendsPerSecond: 7.8,
    warnDays: "auto",
    sweepIntervalMinutes: 1440,
  });
});

const PROTECT = [
  { match: "name", value: "*-root", owner: "video-team", until: "2027-01-31" },
  { match: "chainId", value: "be37????", owner: "ops" },
  {
    match: "chainId",
    value: "4060E26538A149E2A87B420000000015",
    owner: "ops",
  },
  { match: "domain", value: "*.example.com", owner: "证书组" },
];

describe("a good setting is taken", () => {
  it.each<[string, string, object]>([
    [
      "VOLCENGINE_SECRET_ID",
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf",
      {
        secretId:
          "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf",
      },
    ],
    [
      "VOLCENGINE_ENDPOINT",
      "https://open.byteplusapi.com",
      { endpoint: new URL("https://open.byteplusapi.com") },
    ],
    [
      "VOLCENGINE_ENDPOINT",
      "http://127.0.0.1:8443",
      { endpoint: new URL("http://127.0.0.1:8443") },
    ],
    [
      "VOLCENGINE_ENDPOINT",
      "http://localhost:1",
      { endpoint: new URL("http://localhost:1") },
    ],
    [
      "VOLCENGINE_ENDPOINT",
      "http://[::1]:1",
      { endpoint: new URL("http://[::1]:1") },
    ],
    ["VOLCENGINE_REGION", "ap-singapore-1", { region: "ap-singapore-1" }],
    ["VOLCENGINE_REGION", "2024", { region: "2024" }],
    ["GRACE_DAYS", "0", { policy: { graceDays: 0 } }],
    ["GRACE_DAYS", "3650", { policy: { graceDays: 3650 } }],
    ["MAX_DELETIONS", "1", { maxDeletions: 1 }],
    ["MAX_DELETIONS", "100000", { maxDeletions: 100_000 }],
    ["DRY_RUN", "true", { dryRun: true }],
    ["DRY_RUN", "false", { dryRun: false }],
    ["SENDS_PER_SECOND", "0.1", { sendsPerSecond: 0.1 }],
    ["SENDS_PER_SECOND", "2", { sendsPerSecond: 2 }],
    ["SENDS_PER_SECOND", "7.8", { sendsPerSecond: 7.8 }],
    ["VOLCENGINE_SECRET_ID", "12345", { secretId: "12345" }],
    ["WARN_DAYS", "auto", { warnDays: "auto" }],
    ["WARN_DAYS", "0", { warnDays: 0 }],
    ["WARN_DAYS", "365", { warnDays: 365 }],
    ["SWEEP_INTERVAL_MINUTES", "1", { sweepIntervalMinutes: 1 }],
    ["SWEEP_INTERVAL_MINUTES", "10080", { sweepIntervalMinutes: 10_080 }],
    ["UNSEEN_DOMAINS", "ignore", { policy: { unseenDomains: "ignore" } }],
    ["PROJECT_NAMES", "", { policy: { projectNames: [] } }],
    ["PROJECT_NAMES", "[]", { policy: { projectNames: [] } }],
    // As a person writes it.
    [
      "PROJECT_NAMES",
      ' [ "default", "a b" ] ',
      { policy: { projectNames: ["default", "a b"] } },
    ],
    [
      "VOLCENGINE_ENDPOINT",
      "https://x.volcengineapi.com:8443/",
      { endpoint: new URL("https://x.volcengineapi.com:8443") },
    ],
    [
      "VOLCENGINE_ENDPOINT",
      "http://127.100.0.250:80",
      { endpoint: new URL("http://127.100.0.250") },
    ],
    ["PROTECT", "[]", { policy: { protect: [] } }],
    ["PROTECT", JSON.stringify(PROTECT), { policy: { protect: PROTECT } }],
  ])("%s=%s", (name, value, expected) => {
    expect(read({ [name]: value })).toMatchObject(expected);
  });

  it("with the last day of a rule, or without one", () => {
    expect(
      read({ PROTECT: JSON.stringify(PROTECT) }).policy.protect,
    ).toStrictEqual(PROTECT);
  });
});

function rule(over: object): string {
  return JSON.stringify([{ match: "name", value: "x", owner: "o", ...over }]);
}

describe("a bad setting is refused by its name, with what is permitted", () => {
  it.each([
    ["VOLCENGINE_SECRET_ID", ["", " ", "a b", "a\n", "x".repeat(2049), "名"]],
    [
      "VOLCENGINE_ENDPOINT",
      [
        "",
        "live.volcengineapi.com",
        "http://live.volcengineapi.com",
        "https://volcengineapi.com",
        "https://evilvolcengineapi.com",
        "https://live.volcengineapi.com.evil.example",
        "https://evil.example/.volcengineapi.com",
        "https://evil.example#.volcengineapi.com",
        "https://live.volcengineapi.com@evil.example",
        "https://u:p@live.volcengineapi.com",
        "https://live.volcengineapi.com/x",
        "https://live.volcengineapi.com?x=1",
        "https://live.volcengineapi.com#x",
        "https://live.volcengineapi.com.",
        "https://live.volcengineapi.community",
        "https://localhost",
        "http://localhost.volcengineapi.com",
        "http://127.0.0.1.volcengineapi.com",
        "http://127.1000.0.1",
        "http://127.0.0.1/x",
        "http://xlocalhost",
        "ws://127.0.0.1",
        "https://127.0.0.1",
        "http://127.0.0.1.nip.io",
        "http://localhost.evil.example",
        "http://169.254.169.254",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "ftp://live.volcengineapi.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
      ],
    ],
    ["VOLCENGINE_REGION", ["", "CN-NORTH-1", "a/b", "a b", "x".repeat(41)]],
    [
      "GRACE_DAYS",
      [
        ...["", "-1", "3651", "7.0", "+7", " 7", "1e2", "0x7", "٧", "seven"],
        ...["NaN", "008", "1234567890", "x1", "1x", "null", "[7]"],
      ],
    ],
    ["MAX_DELETIONS", ["", "0", "100001", "-5", "1.5", "1,000", "Infinity"]],
    ["DRY_RUN", ["", "TRUE", "yes", "1", "0", " true"]],
    [
      "SENDS_PER_SECOND",
      [
        ...["", "0", "0.09", "7.80", "7.81", "8", "-1", "1e0", ".5", "1."],
        ...["NaN", "02.5", "x2", "2x", "[2]", "true"],
      ],
    ],
    ["WARN_DAYS", ["", "AUTO", "-1", "366", "1.5", "30 days", '"auto"', "NaN"]],
    ["SWEEP_INTERVAL_MINUTES", ["", "0", "10081", "-1", "60.5", "auto"]],
    ["UNSEEN_DOMAINS", ["", "Keep", "delete", "keep ", '["keep"]']],
    [
      "PROJECT_NAMES",
      [
        " ",
        "default",
        '"default"',
        "{}",
        "null",
        "[1]",
        '[""]',
        '["a",null]',
        '["a"',
      ],
    ],
    [
      "PROTECT",
      [
        "",
        "{}",
        "null",
        "[",
        "[1]",
        "[null]",
        "[[]]",
        rule({ match: "names" }),
        rule({ match: ["name"] }),
        rule({ value: "" }),
        rule({ match: "chainId", value: "be37" }),
        rule({ match: "chainId", value: "4060E26538A149E2A87B42000000000" }),
        rule({ match: "chainId", value: "4060e26538a149e2a87b4200000000010" }),
        rule({ match: "chainId", value: "4060e26538a149e2a87b42000000000g" }),
        rule({ value: 1 }),
        rule({ owner: "" }),
        rule({ owner: undefined }),
        rule({ until: "2027-02-30" }),
        rule({ until: "2027-2-3" }),
        rule({ until: "2027-01-31T00:00:00Z" }),
        rule({ until: "2027-01-31T00:00:00.000Z" }),
        rule({ until: "2027-13-01" }),
        rule({ until: null }),
        rule({ until: 20270131 }),
        rule({ until: "12027-01-31" }),
        rule({ until: "+012027-01-31" }),
        rule({ until: "2027-01-311" }),
        rule({ until: "2027-01-31x" }),
        rule({ until: ["2027-01-31"] }),
        rule({ untill: "2027-01-31" }),
        '[{"match":"name","value":"x","owner":"o","__proto__":1}]',
      ],
    ],
  ] satisfies [string, string[]][])("%s", (name, values) => {
    for (const value of values) {
      const found = problemsOf(name, value);
      expect(found.length, JSON.stringify(value)).toBeGreaterThan(0);
      for (const problem of found)
        expect(problem).toMatch(
          new RegExp(`^${name}[ .[].*; permitted: .+; example: .+\\.$`),
        );
    }
  });

  it("in plain words, with what is permitted", () => {
    expect(problemsOf("GRACE_DAYS", "x")).toEqual([
      'GRACE_DAYS is "x"; permitted: whole number from 0 to 3650; example: 14.',
    ]);
    expect(problemsOf("WARN_DAYS", "x")).toEqual([
      'WARN_DAYS is "x"; permitted: auto, or a whole number from 0 to 365; example: 21.',
    ]);
    expect(problemsOf("DRY_RUN", "")).toEqual([
      'DRY_RUN is ""; permitted: true or false; example: false.',
    ]);
    expect(problemsOf("PROTECT", rule({ owner: 1, untill: "x" }))).toEqual([
      expect.stringMatching(
        /^PROTECT\[0\]\.owner is 1; permitted: list of .*; example: \[\{"match"/,
      ),
      expect.stringMatching(
        /^PROTECT\[0\]\.untill is "x": there is no such property; permitted: /,
      ),
    ]);
  });

  it.each(["VOLCENGINE_SECRET_ID", "VOLCENGINE_ENDPOINT"])(
    "without the value of %s, which may be a key by mistake",
    (name) => {
      const [problem = ""] = problemsOf(name, "AKLT CANARY");
      expect(problem).toMatch(new RegExp(`^${name} is wrong`));
      expect(problem).not.toMatch(/AKLT|CANARY/);
    },
  );

  it("cut short where it is long, and escaped", () => {
    const [problem = ""] = problemsOf("DRY_RUN", `"\n${"x".repeat(10_000)}`);
    expect(problem.length).toBeLessThan(200);
    expect(problem).toContain('"\\"\\nxxx');
    const shown = (length: number) =>
      problemsOf("DRY_RUN", "x".repeat(length))[0]?.split(";")[0];
    expect(shown(118)).toBe(`DRY_RUN is "${"x".repeat(118)}"`);
    expect(shown(119)).toBe(`DRY_RUN is "${"x".repeat(119)}…`);
  });
});

it("what is wrong with the program is not taken for a wrong setting", () => {
  const defect = new TypeError("a defect");
  const parse = (): string => {
    throw defect;
  };
  expect(() => properties<{ a: string }>({}, { a: parse })).toThrow(defect);
  const broken = setting<string>({
    fallback: "",
    range: "anything",
    example: '""',
    meaning: "nothing",
    parse,
  });
  expect(() =>
    readAll(
      { broken },
      () => "x",
      () => undefined,
    ),
  ).toThrow(defect);
});

it("needs the secret's name", () => {
  expect(problems({})).toEqual([
    expect.stringMatching(/^VOLCENGINE_SECRET_ID is not set/),
  ]);
  expect(() => readConfiguration({})).toThrow(
    /^Nothing was deleted: a setting is wrong\. VOLCENGINE_SECRET_ID /,
  );
});

it("reports every problem together, and nothing else", () => {
  const bad = {
    VOLCENGINE_SECRET_ID: "",
    VOLCENGINE_ENDPOINT: "x",
    VOLCENGINE_REGION: "X",
    GRACE_DAYS: "x",
    MAX_DELETIONS: "x",
    DRY_RUN: "x",
    SENDS_PER_SECOND: "x",
    WARN_DAYS: "x",
    SWEEP_INTERVAL_MINUTES: "x",
    UNSEEN_DOMAINS: "x",
    PROJECT_NAMES: "x",
    PROTECT: "x",
  };
  const found = problems(bad);
  expect(found.map((problem) => problem.split(" ")[0]).sort()).toEqual(
    Object.keys(bad).sort(),
  );
  expect(() => readConfiguration(bad)).toThrow(
    /^Nothing was deleted: 12 settings are wrong\./,
  );
});

it("knows no other names: what else is in the environment is not looked at", () => {
  expect(read({ grace_days: "x", GRACE: "x", AWS_REGION: "" })).toEqual(read());
});

it("takes a day of the calendar, and no other", () => {
  const day = fc.date({
    min: new Date("2000-01-01T00:00:00Z"),
    max: new Date("2099-12-31T00:00:00Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(day, (date) => {
      const until = date.toISOString().slice(0, 10);
      expect(problemsOf("PROTECT", rule({ until }))).toEqual([]);
      expect(
        problemsOf("PROTECT", rule({ until: `${until.slice(0, 8)}32` })),
      ).toHaveLength(1);
    }),
    { numRuns: 200 },
  );
});

it("gives settings or BadConfiguration for any text in any variable", () => {
  const name = fc.constantFrom(
    "VOLCENGINE_SECRET_ID",
    "VOLCENGINE_ENDPOINT",
    "VOLCENGINE_REGION",
    "GRACE_DAYS",
    "MAX_DELETIONS",
    "DRY_RUN",
    "SENDS_PER_SECOND",
    "WARN_DAYS",
    "SWEEP_INTERVAL_MINUTES",
    "UNSEEN_DOMAINS",
    "PROJECT_NAMES",
    "PROTECT",
  );
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.json());
  fc.assert(
    fc.property(name, text, (variable, value) => {
      for (const problem of problemsOf(variable, value))
        expect(problem).toMatch(new RegExp(`^${variable}[ .[]`));
    }),
    { numRuns: 1000 },
  );
});
