/**
 * Metrics read from the summary line that every sweep logs, and from the one of a report that got lost. Lambda's JSON
 * log format puts what the function logs under `message`.
 */
import { Stack, type Duration } from "aws-cdk-lib";
import { Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import {
  FilterPattern,
  MetricFilter,
  type ILogGroup,
  type JsonPattern,
} from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { stopsThatCountAs } from "../../functions/contract/stops.ts";

const SUMMARY = FilterPattern.stringValue(
  "$.message.event",
  "=",
  "sweep-summary",
);

const STOPPED = "$.message.stoppedBecause";
function stoppedBecause(reasons: readonly string[]): JsonPattern {
  return FilterPattern.all(
    SUMMARY,
    FilterPattern.any(
      ...reasons.map((reason) =>
        FilterPattern.stringValue(STOPPED, "=", reason),
      ),
    ),
  );
}

function notStoppedBecause(reasons: readonly string[]): JsonPattern {
  return FilterPattern.all(
    SUMMARY,
    ...reasons.map((reason) =>
      FilterPattern.stringValue(STOPPED, "!=", reason),
    ),
  );
}

function count(name: string): readonly [JsonPattern, string] {
  return [SUMMARY, `$.message.counts.${name}`];
}

/** A sweep that saw no list must not end an alarm about what is in use; one that saw an empty list must. */
const SAW_A_LIST = FilterPattern.all(
  SUMMARY,
  FilterPattern.any(
    FilterPattern.numberValue("$.message.counts.listed", ">", 0),
    FilterPattern.stringValue(STOPPED, "=", "done"),
  ),
);

/** Each metric with its filters and the value that a matching line gives. Zeros let an alarm end at the next sweep. */
const METRICS = {
  SweepsSucceeded: [[stoppedBecause(stopsThatCountAs("success")), "1"]],
  SweepsWithTooMany: [
    [stoppedBecause(stopsThatCountAs("too many")), "1"],
    [notStoppedBecause(stopsThatCountAs("too many")), "0"],
  ],
  SweepsStoppedEarly: [
    [stoppedBecause(stopsThatCountAs("stopped early")), "1"],
    [notStoppedBecause(stopsThatCountAs("stopped early")), "0"],
  ],
  DeletionsFailed: [count("failed"), count("unconfirmed")],
  ExpiredInUse: [[SAW_A_LIST, "$.message.counts.expiredInUse"]],
  ExpiringInUse: [[SAW_A_LIST, "$.message.counts.expiringInUse"]],
  ReportsNotSent: [
    [FilterPattern.stringValue("$.message.event", "=", "report-not-sent"), "1"],
    [SUMMARY, "0"],
  ],
  // The dashboard's.
  CertificatesDeleted: [count("deleted")],
  CertificatesEligible: [count("eligible")],
  CertificatesRemaining: [count("remaining")],
} as const satisfies Record<
  string,
  readonly (readonly [JsonPattern, string])[]
>;

type SweepMetricName = keyof typeof METRICS;

interface SweepMetricsProps {
  readonly logGroup: ILogGroup;
}

/** Makes a metric filter when its metric is first asked for: no metric exists that nobody watches. */
export class SweepMetrics extends Construct {
  readonly #logGroup: ILogGroup;
  readonly #namespace: string;
  readonly #made = new Set<SweepMetricName>();

  constructor(scope: Construct, id: string, props: SweepMetricsProps) {
    super(scope, id);
    this.#logGroup = props.logGroup;
    // Two stacks in one account and region must not count each other's sweeps.
    this.#namespace = `LiveCertJanitor/${Stack.of(this).stackName}`;
  }

  /** The sum of a metric over a period. */
  sum(metricName: SweepMetricName, period: Duration): Metric {
    if (!this.#made.has(metricName)) {
      this.#made.add(metricName);
      METRICS[metricName].forEach(([filterPattern, metricValue], index) => {
        // Stryker disable next-line ArithmeticOperator: any other number for each would do
        new MetricFilter(this, `${metricName}${String(index + 1)}`, {
          logGroup: this.#logGroup,
          metricNamespace: this.#namespace,
          metricName,
          filterPattern,
          metricValue,
        });
      });
    }
    return new Metric({
      namespace: this.#namespace,
      metricName,
      period,
      statistic: Stats.SUM,
    });
  }
}
