/** CloudFormation's linter on the stack's template under every combination of settings that shapes it. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import type { Environment } from "aws-cdk-lib";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  CHINA,
  CONFIGURATIONS,
  EUROPE,
  isJson,
  object,
  synthesize,
  type Json,
} from "../infra/synthesize.ts";
import { toolPath, versionOf } from "./tools.ts";
import { party } from "./party.ts";

const CFN_LINT = join(dirname(toolPath("python")), "cfn-lint");
const MINUTES_10 = 600_000;

interface Place {
  readonly name: string;
  readonly env: Environment;
  /** What the linter checks the template against. */
  readonly regions: string;
  readonly secret: Json;
}

function secretIn(partition: string, region: string): Json {
  const arn = (service: string, rest: string) =>
    `arn:${partition}:${service}:${region}:111122223333:${rest}`;
  return {
    secretArn: arn("secretsmanager", "secret:live-janitor-AbCdEf"),
    secretKeyArn: arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"),
  };
}

/** Without a region the template must fit all of them; so `cdk synth` makes it without credentials. */
const IN_ANY_REGION: Place = {
  name: "any region",
  env: {},
  regions: "ALL_REGIONS",
  secret: secretIn("aws", EUROPE.region),
};
const IN_EUROPE: Place = {
  name: "Europe",
  env: EUROPE,
  regions: EUROPE.region,
  secret: secretIn("aws", EUROPE.region),
};
const IN_CHINA: Place = {
  name: "China",
  env: CHINA,
  regions: CHINA.region,
  secret: secretIn("aws-cn", CHINA.region),
};

interface Configuration {
  readonly name: string;
  readonly place: Place;
  readonly settings: Json;
}

/** Every combination of what adds, drops or reshapes resources. */
function combinations(place: Place): Configuration[] {
  const { secretArn } = place.secret;
  const dimensions: readonly Readonly<Record<string, Json>>[] = [
    {
      "new secret": {},
      "imported secret": { secretArn },
      "imported secret under a customer key": place.secret,
    },
    { "": {}, mail: { alarmEmail: "video-team@example.com" } },
    {
      "": {},
      JWT: { authorizer: CONFIGURATIONS["everything on"].authorizer },
    },
    { "": {}, "reserved concurrency": { reservedConcurrency: 5 } },
    { "": {}, dashboard: { dashboard: true } },
  ];
  return dimensions.reduce<Configuration[]>(
    (done, choices) =>
      done.flatMap(({ name, settings }) =>
        Object.entries(choices).map(([choice, more]) => ({
          name: choice === "" ? name : `${name}, ${choice}`,
          place,
          settings: { ...settings, ...more },
        })),
      ),
    [{ name: place.name, place, settings: {} }],
  );
}

/** Settings that only change values: the ends of their ranges, and every form of a schedule. */
const VALUES: readonly Json[] = [
  ...Object.values(CONFIGURATIONS),
  { provider: "byteplus", volcengineRegion: "ap-singapore-1" },
  { graceDays: 0, maxDeletions: 1, reservedConcurrency: 1 },
  { graceDays: 3650, maxDeletions: 100_000, reservedConcurrency: 100 },
  { protect: [{ match: "domain", value: "*".repeat(3000), owner: "o" }] },
  ...[
    "rate(20 minutes)",
    "rate(1 hour)",
    "rate(1 day)",
    "rate(3 days)",
    "cron(0/20 * * * ? *)",
    "cron(*/30 * ? * * *)",
    "cron(0 8,20 * * ? *)",
    "cron(0 8 ? * MON-FRI *)",
    "cron(0 8 1/3 * ? *)",
  ].map((schedule) => ({ schedule, timeZone: "Asia/Shanghai" })),
];

const ALL: readonly Configuration[] = [
  ...combinations(IN_ANY_REGION),
  ...combinations(IN_CHINA),
  ...VALUES.map((settings) => ({
    name: `Europe, ${JSON.stringify(settings).slice(0, 80)}`,
    place: IN_EUROPE,
    settings,
  })),
];

interface Finding {
  readonly rule: string;
  readonly level: string;
  readonly message: string;
  readonly path: string;
}

function readFindings(output: string): ReadonlyMap<string, Finding[]> {
  const list: unknown = JSON.parse(output);
  if (!Array.isArray(list)) throw new Error("The linter's answer is no list.");
  const byFile = new Map<string, Finding[]>();
  for (const one of list as readonly unknown[]) {
    if (!isJson(one)) throw new Error("A finding is no object.");
    const place = object(one, "Location")["Path"];
    const file = basename(String(one["Filename"]));
    byFile.set(file, [
      ...(byFile.get(file) ?? []),
      {
        rule: String(object(one, "Rule")["Id"]),
        level: String(one["Level"]),
        message: String(one["Message"]),
        path: Array.isArray(place) ? place.join("/") : "",
      },
    ]);
  }
  return byFile;
}

/** Findings of every level, by file name. */
async function lint(
  regions: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, Finding[]>> {
  const child = spawn(
    CFN_LINT,
    [
      ...["--format", "json", "--include-checks", "I", "--regions", regions],
      ...["--template", ...files],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  const output = await text(child.stdout);
  const code = await ended;
  // 2, 4 and 8 tell of errors, warnings and informations; anything else means that it did not work.
  if (code === null || (code & ~14) !== 0) {
    throw new Error(`The linter ended with ${String(code)}: ${output}`);
  }
  return readFindings(output);
}

party("cfn-lint", versionOf("cfn-lint"), ["python"], () => {
  const folder = mkdtempSync(join(tmpdir(), "janitor-cfn-lint-"));
  const findings = new Map<string, Finding[]>();
  const fileOf = (configuration: Configuration) =>
    `${String(ALL.indexOf(configuration))}.json`;

  beforeAll(async () => {
    for (const configuration of ALL) {
      const { json } = synthesize(
        configuration.settings,
        configuration.place.env,
      );
      writeFileSync(
        join(folder, fileOf(configuration)),
        JSON.stringify(json, null, 1),
      );
    }
    const answers = await Promise.all(
      [IN_ANY_REGION, IN_EUROPE, IN_CHINA].map((place) =>
        lint(
          place.regions,
          ALL.filter((configuration) => configuration.place === place).map(
            (configuration) => join(folder, fileOf(configuration)),
          ),
        ),
      ),
    );
    const told = new Map<string, number>();
    for (const [file, found] of answers.flatMap((answer) => [...answer])) {
      findings.set(file, found);
      for (const { rule, level, message } of found) {
        if (level !== "Informational") continue;
        const line = `${rule}: ${message}`;
        told.set(line, (told.get(line) ?? 0) + 1);
      }
    }
    for (const [line, times] of told) {
      console.log(`cfn-lint informs ${String(times)} times: ${line}`);
    }
  }, MINUTES_10);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(
    ALL.map((configuration) => [configuration.name, configuration] as const),
  )("finds nothing to mend: %s", (_, configuration) => {
    const found = findings.get(fileOf(configuration)) ?? [];
    // Each template has something to inform about, which shows that it was read.
    expect(found).not.toEqual([]);
    expect(found.filter(({ level }) => level !== "Informational")).toEqual([]);
  });
});
