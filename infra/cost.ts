/** `npm run cost`: what a month costs, from the synthesized template, the dated price list and stated assumptions. */
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { readConfig } from "./settings/config.ts";
import { LiveCertJanitorStack } from "./live-cert-janitor-stack.ts";
import { isObject } from "../functions/contract/parsers.ts";
import priceList from "./prices-2026-11.json" with { type: "json" };

const { prices } = priceList;
type PriceKey = keyof typeof prices;

const KEYS = [
  "secret",
  "secretCall",
  "kmsKey",
  "kmsCall",
  "alarm",
  "customMetric",
  "dashboard",
  "logIngestion",
  "logStorage",
  "lambdaCall",
  "lambdaTime",
  "schedulerCall",
  "apiCall",
  "trace",
  "mail",
  "queueCall",
] as const satisfies readonly PriceKey[];

/** Certificates that the account lists. */
export const SIZES = [100, 1_000, 25_000] as const;

/** What the estimate takes for granted besides the size. */
const HOURS_A_MONTH = 730;
const DAYS_A_MONTH = 30.4;
/** From 2029 on certificates live 47 days; before, fewer expire. */
const LIFETIME_DAYS = 47;
const GRACE_DAYS = 7;
const PAGE = 100;
const CALLS_A_SECOND = 7.8;
const BYTES_A_LINE = 500;
const FIXED_LINES_A_SWEEP = 8;
const API_CALLS = 1_000;
const LINES_AN_API_CALL = 6;
/** What CloudWatch's price page takes as the share that is left after compression, and the months of retention. */
const COMPRESSED = 0.15;
const RETENTION_MONTHS = 12;
const GB = 1e9;

interface CostRow {
  readonly key: PriceKey;
  readonly count: number;
  /** USD a month at list price. */
  readonly list: number;
  /** USD a month, less AWS's permanent allowance. */
  readonly withAllowance: number;
}

function propertiesByType(
  template: unknown,
  type: string,
): readonly Readonly<Record<string, unknown>>[] {
  if (!isObject(template) || !isObject(template["Resources"])) return [];
  return Object.values(template["Resources"]).flatMap((resource) =>
    isObject(resource) &&
    resource["Type"] === type &&
    isObject(resource["Properties"])
      ? [resource["Properties"]]
      : [],
  );
}

/** Memory of the largest function, GB. */
function memory(template: unknown): number {
  return (
    Math.max(
      ...propertiesByType(template, "AWS::Lambda::Function").map(
        ({ MemorySize: size }) => (typeof size === "number" ? size : 0),
      ),
    ) / 1024
  );
}

function customMetrics(template: unknown): number {
  const names = propertiesByType(template, "AWS::Logs::MetricFilter").flatMap(
    ({ MetricTransformations: transformations }) =>
      Array.isArray(transformations)
        ? transformations.map((one: unknown) =>
            isObject(one) ? one["MetricName"] : undefined,
          )
        : [],
  );
  return new Set(names).size;
}

/** What a month uses of each priced thing. */
function usage(
  template: unknown,
  certificates: number,
): Readonly<Record<PriceKey, number>> {
  const count = (type: string): number =>
    propertiesByType(template, type).length;
  const pages = Math.ceil(certificates / PAGE) + 4;
  const listingSeconds = 1 + pages / CALLS_A_SECOND;
  const cycle = LIFETIME_DAYS + GRACE_DAYS;
  const deletions = (certificates * DAYS_A_MONTH) / cycle;
  const keptExpired = (certificates * GRACE_DAYS) / cycle;
  // A sweep that deleted something looks a second time.
  const sweepSeconds =
    HOURS_A_MONTH * 2 * listingSeconds + deletions / CALLS_A_SECOND;
  const apiSeconds = API_CALLS * Math.min(listingSeconds, 25);
  const lines =
    HOURS_A_MONTH * (FIXED_LINES_A_SWEEP + keptExpired) +
    deletions * 2 +
    API_CALLS * LINES_AN_API_CALL;
  const reports = Math.min(deletions, HOURS_A_MONTH);
  const logs = (lines * BYTES_A_LINE) / GB;
  const calls = HOURS_A_MONTH + API_CALLS;
  return {
    secret: count("AWS::SecretsManager::Secret"),
    secretCall: calls,
    kmsKey: count("AWS::KMS::Key"),
    kmsCall: reports * 2,
    alarm: count("AWS::CloudWatch::Alarm"),
    customMetric: customMetrics(template),
    dashboard: count("AWS::CloudWatch::Dashboard"),
    logIngestion: logs,
    logStorage: logs * RETENTION_MONTHS * COMPRESSED,
    lambdaCall: calls,
    lambdaTime: memory(template) * (sweepSeconds + apiSeconds),
    schedulerCall: count("AWS::Scheduler::Schedule") * HOURS_A_MONTH,
    apiCall: API_CALLS,
    trace: calls,
    mail: reports,
    queueCall: count("AWS::SQS::Queue") * 10,
  };
}

/** @returns one row for each priced thing, for an hourly sweep of an account with that many certificates. */
export function monthlyCost(
  template: unknown,
  certificates: number,
): readonly CostRow[] {
  const counts = usage(template, certificates);
  return KEYS.map((key) => {
    const { usd, allowance } = prices[key];
    const count = counts[key];
    return {
      key,
      count,
      list: count * usd,
      withAllowance: Math.max(0, count - allowance) * usd,
    };
  });
}

/** USD a month: the sum at list price, and less the allowances. */
export function sums(rows: readonly CostRow[]): {
  readonly list: number;
  readonly withAllowance: number;
} {
  return {
    list: rows.reduce((sum, row) => sum + row.list, 0),
    withAllowance: rows.reduce((sum, row) => sum + row.withAllowance, 0),
  };
}

/** The template of the stack under these settings, without bundling the functions. */
function synthesize(settings: Readonly<Record<string, unknown>>): unknown {
  const app = new App({ context: { "aws:cdk:bundling-stacks": [] } });
  const stack = new LiveCertJanitorStack(app, "LiveCertJanitor", {
    config: readConfig(settings),
  });
  return Template.fromStack(stack).toJSON();
}

function money(usd: number): string {
  return usd === 0 ? "0" : usd < 0.005 ? "<0.01" : usd.toFixed(2);
}

function quantity(count: number): string {
  return count < 10 && !Number.isInteger(count)
    ? count.toFixed(2)
    : Math.round(count).toLocaleString("en-US");
}

/** @returns the cost table of docs/operations.md, as Markdown: list price and price less allowances, for the three sizes. */
export function costTable(template: unknown, withDashboard: unknown): string {
  const columns = SIZES.map((size) => monthlyCost(template, size));
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const head = SIZES.map(
    (certificates) => `${certificates.toLocaleString("en-US")} certificates`,
  );
  const lines = KEYS.map((key, index) => {
    const { label, unit, usd } = prices[key];
    return row([
      label,
      unit,
      usd.toLocaleString("en-US", { maximumFractionDigits: 10 }),
      ...columns.flatMap((rows) => {
        const { count = 0, list = 0 } = rows[index] ?? {};
        return [quantity(count), money(list)];
      }),
    ]);
  });
  const total = (which: "list" | "withAllowance"): string[] =>
    columns.flatMap((rows) => ["", `**${sums(rows)[which].toFixed(2)}**`]);
  const [small] = SIZES;
  const dashboard =
    sums(monthlyCost(withDashboard, small)).list -
    sums(monthlyCost(template, small)).list;
  return [
    `USD a month in ${priceList.region}, prices of ${priceList.asOf}; for an hourly sweep, ${API_CALLS.toLocaleString("en-US")} API calls, and certificates that live ${String(LIFETIME_DAYS)} days:`,
    "",
    row([
      "Resource",
      "Unit",
      "Price",
      ...head.flatMap((text) => [text, "USD"]),
    ]),
    row(["---", "---", "--:", ...head.flatMap(() => ["--:", "--:"])]),
    ...lines,
    row(["**Sum at list price**", "", "", ...total("list")]),
    row([
      "**Sum less AWS's permanent free allowances**",
      "",
      "",
      ...total("withAllowance"),
    ]),
    "",
    "Optional, at list price:",
    "",
    `- \`dashboard\`: ${dashboard.toFixed(2)} with its metrics; within the allowances 0`,
    `- \`secretKeyArn\`: ${prices.kmsKey.usd.toFixed(2)} for a customer key of your own`,
    `- rotation of the topic's key: ${prices.kmsKey.usd.toFixed(2)} more from the second year and again from the third, no further`,
    "- `alarmEmail`, `authorizer`, `reservedConcurrency`: 0",
    "",
  ].join("\n");
}

if (import.meta.filename === process.argv[1]) {
  process.env["CDK_VALIDATION"] = "false";
  process.stdout.write(
    costTable(synthesize({}), synthesize({ dashboard: true })),
  );
}
