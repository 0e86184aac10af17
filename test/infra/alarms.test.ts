import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import type { SweepCounts } from "../../functions/janitor/report.ts";
import type { StoppedBecause } from "../../functions/contract/stops.ts";
import { NoEvidence } from "../../functions/janitor/sweep.ts";
import { createApiHandler } from "../../functions/http/handler.ts";
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import type { Fault } from "../../infra/local/live-emulator/faults.ts";
import { startLiveEmulator } from "../../infra/local/live-emulator/server.ts";
import { startSecretsManagerEmulator } from "../../infra/local/secrets-manager-emulator.ts";
import { startSnsEmulator } from "../../infra/local/sns-emulator.ts";
import { parsePattern, select } from "./filter-pattern.ts";
import {
  awsEnvironment,
  certificate,
  chainId,
  domain,
  KEY,
  SECRET_ID,
} from "../world/deployment.ts";
import {
  isJson,
  list,
  object,
  ofType,
  ROOT,
  variant,
  type Json,
} from "./synthesize.ts";

const standard = variant("default");
const everything = variant("everything on");

/** A line as Lambda's JSON log format writes what `console.info(message)` was given. */
function lambdaLine(message: Json): string {
  return JSON.stringify({
    timestamp: "2026-11-24T03:17:09.123Z",
    level: "INFO",
    requestId: "5f1c2f0e-0d4e-4a4e-9a43-2f4d4a9c1d11",
    message,
  });
}

const VACANT = domain("unbound.example.com");

const NO_EVIDENCE: Fault = {
  kind: "total-lies",
  action: "ListDomainDetail",
  delta: 1,
  times: 100,
};

/** The lines of a real sweep, dry unless `env` says otherwise, whose report could not be published. */
async function linesOfLostReport(
  account = { certificates: [certificate(1, -30)], domains: [VACANT] },
  env: Readonly<Record<string, string>> = {},
  fault?: Fault,
): Promise<readonly Json[]> {
  const live = await startLiveEmulator({ credentials: [KEY], account });
  if (fault !== undefined) live.fault(fault);
  const secrets = await startSecretsManagerEmulator({
    secrets: { [SECRET_ID]: JSON.stringify(KEY) },
  });
  const sns = await startSnsEmulator({ topicArns: [] });
  awsEnvironment(secrets.url);
  process.env["AWS_ENDPOINT_URL_SNS"] = sns.url;
  const logged: Json[] = [];
  const run = createSweepHandler({
    env: {
      VOLCENGINE_SECRET_ID: SECRET_ID,
      VOLCENGINE_ENDPOINT: live.url,
      REPORT_TOPIC_ARN: "arn:aws:sns:us-east-1:123456789012:gone",
      ...env,
    },
    clock: systemClock,
    random: Math.random,
    log: (line) => logged.push(line),
  });
  try {
    await run(
      {},
      { awsRequestId: "run", getRemainingTimeInMillis: () => 900_000 },
    );
  } catch (error) {
    if (!(error instanceof NoEvidence)) throw error;
  } finally {
    await Promise.all([live.close(), secrets.close(), sns.close()]);
  }
  return logged;
}

interface Filter {
  readonly metric: string;
  readonly matches: (line: unknown) => boolean;
  readonly value: string;
}

const key = (metric: Json): string =>
  `${String(metric["Namespace"] ?? metric["MetricNamespace"])} ${String(metric["MetricName"])}`;

const filters = (): readonly Filter[] =>
  ofType(everything, "AWS::Logs::MetricFilter").flatMap(({ properties }) =>
    list(properties, "MetricTransformations")
      .filter(isJson)
      .map((transformation) => ({
        metric: key(transformation),
        matches: parsePattern(String(properties["FilterPattern"])),
        value: String(transformation["MetricValue"]),
      })),
  );

/** What the lines add to each metric, by namespace and name; no entry where there is no data point. */
function play(messages: readonly Json[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  const all = filters();
  for (const message of messages) {
    const line: unknown = JSON.parse(lambdaLine(message));
    for (const { metric, matches, value } of all) {
      if (!matches(line)) continue;
      const number = value.startsWith("$") ? select(value, line) : +value;
      if (typeof number !== "number") throw new Error(`${value} is no number`);
      sums.set(metric, (sums.get(metric) ?? 0) + number);
    }
  }
  return sums;
}

interface Alarm {
  readonly name: string;
  readonly properties: Json;
}

const alarms = (): readonly Alarm[] =>
  ofType(standard, "AWS::CloudWatch::Alarm").map(({ properties }) => ({
    name:
      /See "After an alarm: (.+)" in docs\/operations\.md\.$/.exec(
        String(properties["AlarmDescription"]),
      )?.[1] ?? "",
    properties,
  }));

function alarm(name: string): Json {
  const found = alarms().find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no alarm ${name}`);
  return found.properties;
}

/** What CloudWatch makes of one period with that sum, or without data. */
function state(properties: Json, sum: number | undefined): string {
  if (sum === undefined) {
    return {
      breaching: "ALARM",
      notBreaching: "OK",
      ignore: "as before",
    }[String(properties["TreatMissingData"])]!;
  }
  const threshold = Number(properties["Threshold"]);
  const breaching = {
    GreaterThanOrEqualToThreshold: sum >= threshold,
    LessThanThreshold: sum < threshold,
  }[String(properties["ComparisonOperator"])]!;
  return breaching ? "ALARM" : "OK";
}

const SWEEP_ALARMS = [
  "no successful sweep",
  "too many",
  "stopped early",
  "deletions failed",
  "expired in use",
  "expiring in use",
  "report not sent",
];

/** The alarms that look at sweeps and ring after these lines. */
function ringing(messages: readonly Json[]): readonly string[] {
  const sums = play(messages);
  return SWEEP_ALARMS.filter((name) => {
    const properties = alarm(name);
    return state(properties, sums.get(key(properties))) === "ALARM";
  });
}

describe("alarms about sweeps", () => {
  let summary: Json = {};
  let lost: readonly Json[] = [];
  beforeAll(async () => {
    const logged = await linesOfLostReport({
      certificates: [],
      domains: [VACANT],
    });
    summary = logged.find(({ event }) => event === "sweep-summary") ?? {};
    lost = await linesOfLostReport(undefined, {}, NO_EVIDENCE);
  });

  /** A summary as the real one, with another end and other counts. */
  function ended(
    stoppedBecause: StoppedBecause,
    counts: Partial<SweepCounts> = {},
  ): Json {
    const old = summary["counts"];
    return {
      ...summary,
      stoppedBecause,
      counts: { ...(isJson(old) ? old : {}), listed: 40, ...counts },
    };
  }

  it("read a real summary", () => {
    expect(summary).toMatchObject({
      event: "sweep-summary",
      stoppedBecause: "done",
      mode: "dry-run",
    });
    expect(ringing([summary])).toEqual([]);
  });

  it("ring when a real sweep saw nothing", () => {
    expect(lost.at(-2)).toMatchObject({ stoppedBecause: "no-evidence" });
    expect(ringing(lost.slice(0, -1))).toEqual([
      "no successful sweep",
      "stopped early",
    ]);
  });

  it.each<[StoppedBecause, readonly string[]]>([
    ["done", []],
    ["max-deletions", []],
    ["out-of-time", []],
    ["too-many", ["no successful sweep", "too many"]],
    ["evidence-too-old", ["no successful sweep", "stopped early"]],
    ["vendor-unhealthy", ["no successful sweep", "stopped early"]],
    ["vendor-billing", ["no successful sweep", "stopped early"]],
    ["credentials-rejected", ["no successful sweep", "stopped early"]],
    ["vendor-access-denied", ["no successful sweep", "stopped early"]],
    ["no-evidence", ["no successful sweep", "stopped early"]],
    // As after a first deployment: nothing has failed yet.
    ["not-set-up", ["no successful sweep"]],
  ])("after a sweep that ended %s: %j", (stoppedBecause, expected) => {
    expect(ringing([ended(stoppedBecause)])).toEqual(expected);
    expect(ringing([{ ...ended(stoppedBecause), mode: "delete" }])).toEqual(
      expected,
    );
  });

  it.each<[Partial<SweepCounts>, readonly string[]]>([
    [{ failed: 1 }, ["deletions failed"]],
    [{ unconfirmed: 2 }, ["deletions failed"]],
    [{ expiredInUse: 1 }, ["expired in use"]],
    [{ expiringInUse: 1 }, ["expiring in use"]],
    [{ deleted: 5, alreadyGone: 1, remaining: 3, eligible: 9 }, []],
  ])("after counts of %j: %j", (counts, expected) => {
    expect(ringing([ended("done", counts)])).toEqual(expected);
  });

  it("end with the next good sweep, and not before", () => {
    const good = play([ended("done")]);
    const quiet = play([{ event: "delete-outcome", outcome: "deleted" }]);
    for (const name of SWEEP_ALARMS.slice(1)) {
      const properties = alarm(name);
      expect([name, state(properties, good.get(key(properties)))]).toEqual([
        name,
        "OK",
      ]);
      expect([name, state(properties, quiet.get(key(properties)))]).toEqual([
        name,
        "as before",
      ]);
    }
    // A sweep that saw no list says nothing about certificates in use.
    const blind = play([ended("no-evidence", { listed: 0 })]);
    const emptied = play([ended("done", { listed: 0 })]);
    for (const name of ["expired in use", "expiring in use"]) {
      const inUse = alarm(name);
      expect(state(inUse, blind.get(key(inUse)))).toBe("as before");
      expect(state(inUse, emptied.get(key(inUse)))).toBe("OK");
    }
  });

  it("ring when a real report found no topic, until one is not lost", async () => {
    const logged = await linesOfLostReport();
    expect(logged.at(-1)).toMatchObject({ event: "report-not-sent" });
    expect(ringing(logged)).toEqual(["report not sent"]);
    // The summary comes first, whatever becomes of the report.
    expect(ringing(logged.slice(0, -1))).toEqual([]);
  });

  it("count what the dashboard shows", () => {
    const sums = play([
      ended("done", { deleted: 5, eligible: 9, remaining: 3, failed: 1 }),
      ended("done", { deleted: 2, eligible: 2 }),
    ]);
    const of = (name: string) => sums.get(`LiveCertJanitor/Janitor ${name}`);
    expect(of("CertificatesDeleted")).toBe(7);
    expect(of("CertificatesEligible")).toBe(11);
    expect(of("CertificatesRemaining")).toBe(3);
    expect(of("DeletionsFailed")).toBe(1);
    expect(of("SweepsSucceeded")).toBe(2);
  });

  it("read no line but a summary of Lambda's own form", () => {
    const line: unknown = { timestamp: "", level: "INFO", ...summary };
    expect(filters().some(({ matches }) => matches(line))).toBe(false);
    expect(
      play([
        { event: "sweep-report", stoppedBecause: "done" },
        { event: "not-attempted", because: "too-many" },
      ]).size,
    ).toBe(0);
  });
});

describe("the text of every alarm", () => {
  it("says in a sentence who is hurt, then what to do, within CloudWatch's limit", () => {
    expect(new Set(alarms().map(({ name }) => name)).size).toBe(10);
    for (const { name, properties } of alarms()) {
      const text = String(properties["AlarmDescription"]);
      expect(name).not.toBe("");
      expect(text).toMatch(
        /^[^.]*\b(expired|viewers|nobody|[Cc]allers)\b[^.]*\. [A-Z][^"]+\. See "/,
      );
      expect(text.length).toBeLessThan(1024);
    }
  });

  /** Lines of each log group, as the deployed parts write them. */
  async function linesByGroup(): Promise<Readonly<Record<string, Json[]>>> {
    const two = {
      certificates: [certificate(1, -30), certificate(2, -30)],
      domains: [VACANT],
    };
    // One after the other: the AWS clients find their emulators by the environment.
    const swept = [
      await linesOfLostReport(),
      await linesOfLostReport(two, { MAX_DELETIONS: "1" }),
      await linesOfLostReport({
        certificates: [certificate(1, -30)],
        domains: [domain("unbound.example.com", chainId(1))],
      }),
      await linesOfLostReport(two, { DRY_RUN: "false" }),
      await linesOfLostReport(
        two,
        { DRY_RUN: "false" },
        {
          kind: "error",
          status: 403,
          code: "AccessDenied",
          action: "DeleteCert",
        },
      ),
    ];
    const answered: Json[] = [];
    const api = createApiHandler({
      env: {},
      clock: systemClock,
      random: Math.random,
      log: (line) => answered.push(line),
    });
    for (const routeKey of ["GET /certificates", "GET /openapi.json"]) {
      await api(
        {
          version: "2.0",
          routeKey,
          rawPath: routeKey.replace("GET ", ""),
          requestContext: { requestId: "r", http: { method: "GET" } },
        },
        { awsRequestId: "r", getRemainingTimeInMillis: () => 29_000 },
      );
    }
    const deleted = swept
      .flat()
      .filter(({ event }) => event === "delete-attempt");
    const [stage] = ofType(standard, "AWS::ApiGatewayV2::Stage");
    const format = String(
      object(stage?.properties, "AccessLogSettings")["Format"],
    );
    const access = ["200", "503"].map((status) => {
      const line: unknown = JSON.parse(
        format.replace("$context.status", status),
      );
      return isJson(line) ? line : {};
    });
    const asWritten = (line: Json): Json => ({ message: line });
    return {
      SweepLogGroup: swept.flat().map(asWritten),
      // The API writes the same lines around a DeleteCert.
      ApiLogGroup: [...answered, ...deleted].map(asWritten),
      ApiAccessLogGroup: access,
    };
  }

  it("finds its lines by the runbook's filters, and not all others", async () => {
    const groups = await linesByGroup();
    const commands = [
      ...runbook.matchAll(/^ *lines "\$(\w+)" \d+ '([^']*)'$/gm),
    ];
    expect(commands.length).toBeGreaterThan(8);
    for (const [command, group = "", pattern = ""] of commands) {
      const all = groups[group] ?? [];
      const found = all.filter(parsePattern(pattern));
      expect([command, found.length > 0]).toEqual([command, true]);
      expect([command, found.length < all.length]).toEqual([command, true]);
    }
  });

  const runbook = readFileSync(join(ROOT, "docs", "operations.md"), "utf8");
  it("has its section in the runbook, with a command to paste", () => {
    for (const { name, properties } of alarms()) {
      const [, section = ""] =
        new RegExp(
          `^### After an alarm: ${name}\\n([^]*?)(?=^##|$(?![^]))`,
          "mu",
        ).exec(runbook) ?? [];
      expect([name, section]).toEqual([
        name,
        expect.stringMatching(/^```sh$/mu),
      ]);
      // A mail for its end as well, or none.
      const over = /It is over[^]*/.exec(section)?.[0] ?? "";
      expect([name, over]).toEqual([name, expect.stringMatching(/./)]);
      expect([name, /you get a mail for it/.test(over)]).toEqual([
        name,
        properties["OKActions"] !== undefined,
      ]);
    }
  });
});
