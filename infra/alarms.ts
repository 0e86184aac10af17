/** What wakes somebody up. Each text says who is hurt, why it is likely, what to do first, and where the README goes on. */
import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  Stats,
  TreatMissingData,
  type IMetric,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Api } from "./api.ts";
import type { JanitorConfig } from "./config.ts";
import type { Notifications } from "./notifications.ts";
import type { SweepMetrics } from "./sweep-metrics.ts";
import type { Sweep } from "./sweep.ts";

interface AlarmsProps {
  readonly config: JanitorConfig;
  readonly api: Api;
  readonly sweep: Sweep;
  readonly metrics: SweepMetrics;
  readonly notifications: Notifications;
}

interface Watch {
  /** As in the README's heading "After an alarm: <name>". */
  readonly name: string;
  readonly impact: string;
  readonly cause: string;
  readonly action: string;
  readonly metric: IMetric;
  /** @default 1 */
  readonly threshold?: number;
  /**
   * What no data means. Sweeps are far apart, so an alarm about the last sweep stays as it is until the next.
   * @default TreatMissingData.IGNORE
   */
  readonly missing?: TreatMissingData;
}

const PERIOD = Duration.minutes(5);

export class Alarms extends Construct {
  readonly #action: SnsAction;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { config, api, sweep, metrics } = props;
    this.#action = new SnsAction(props.notifications.topic);
    this.#deadMan(config, metrics);
    this.#watch("SweepError", {
      name: "sweep failed",
      impact: "A sweep ended in an error, so expired certificates stay.",
      cause:
        "Most likely the vendor gave no complete list, or a setting, the secret or the payload is wrong.",
      action: "Read the last error in the sweep's log first.",
      metric: sweep.sweeper.function.metricErrors({
        period: PERIOD,
        statistic: Stats.SUM,
      }),
    });
    this.#watch("ScheduleDeadLetter", {
      name: "sweep not started",
      impact: "A scheduled sweep never started, so expired certificates stay.",
      cause:
        "Most likely the schedule's role or the function was changed by hand, or Lambda had no free concurrency.",
      action:
        "Read ERROR_MESSAGE on the message in the schedule's queue first.",
      metric: visibleMessages(sweep.scheduleQueue),
      missing: TreatMissingData.NOT_BREACHING,
    });
    this.#watch("FailedSweepDeadLetter", {
      name: "failed sweep kept",
      impact:
        "The record of a failed sweep waits in a queue; its certificates stay until a later sweep succeeds.",
      cause:
        "Most likely the sweep ended in an error, or waited 20 minutes for free concurrency.",
      action:
        "Read responsePayload in the message first, then purge the queue, which ends this alarm.",
      metric: visibleMessages(sweep.failureQueue),
      missing: TreatMissingData.NOT_BREACHING,
    });
    this.#watch("TooMany", {
      name: "too many",
      impact:
        "The sweep deleted nothing, since more certificates are eligible than maxDeletions permits.",
      cause:
        "Most likely a backlog, or many certificates expired together; a changed setting or a wrong answer of the vendor is possible.",
      action:
        "Read the list of candidates in the sweep's report first, and raise maxDeletions only if every one may go.",
      metric: metrics.sum("SweepsWithTooMany", PERIOD),
    });
    this.#watch("StoppedEarly", {
      name: "stopped early",
      impact:
        "The sweep stopped before its work was done, so expired certificates stay.",
      cause:
        "Most likely the access key was rejected or may not delete, the account has unpaid bills, or the vendor is failing.",
      action:
        "Look up stoppedBecause in the last summary line of the sweep's log first.",
      metric: metrics.sum("SweepsStoppedEarly", PERIOD),
    });
    this.#watch("DeletionsFailed", {
      name: "deletions failed",
      impact:
        "At least one expired certificate could not be deleted, or is still listed after its deletion.",
      cause:
        "Most likely the vendor refused that certificate; the others were not affected.",
      action:
        "Look up the items with outcome failed or unconfirmed in the sweep's report first.",
      metric: metrics.sum("DeletionsFailed", PERIOD),
    });
    this.#watch("ExpiredInUse", {
      name: "expired in use",
      impact:
        "A domain still serves an expired certificate: its viewers are failing now or will soon.",
      cause:
        "Most likely a renewal was uploaded and never bound to the domain. The certificate was kept.",
      action:
        "Bind a valid certificate to the domains that the sweep's report names, at once.",
      metric: metrics.sum("ExpiredInUse", PERIOD),
    });
    this.#watch("ApiError", {
      name: "API errors",
      impact:
        "Callers of the API got at least three server errors within 15 minutes; nothing is deleted that they were not told of.",
      cause:
        "Most likely the vendor is failing or slow, or the secret or a setting is wrong.",
      action:
        "Read the problem name in the API's access log and log first; repeating a DELETE is safe.",
      metric: api.httpApi.metricServerError({
        period: Duration.minutes(15),
        statistic: Stats.SUM,
      }),
      // One error a caller sees himself.
      threshold: 3,
      missing: TreatMissingData.NOT_BREACHING,
    });
  }

  /** No data at all is what a sweep that never runs looks like, so here it counts as the worst. */
  #deadMan(config: JanitorConfig, metrics: SweepMetrics): void {
    const hours = config.deadManHours;
    this.#alarm(
      "DeadMan",
      {
        name: "no successful sweep",
        impact: `No sweep has succeeded for ${String(hours)} hours, so expired certificates pile up.`,
        cause:
          "Most likely sweeps fail, stop early or no longer start; right after the first deployment it only means that none has run yet, and this message proves that mail arrives.",
        action: "Look at the other alarms first, then at the sweep's log.",
        metric: metrics.sum("SweepsSucceeded", Duration.hours(1)),
        missing: TreatMissingData.BREACHING,
      },
      ComparisonOperator.LESS_THAN_THRESHOLD,
      hours,
    );
  }

  #watch(id: string, watch: Watch): void {
    this.#alarm(
      id,
      watch,
      ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      1,
    );
  }

  #alarm(
    id: string,
    watch: Watch,
    comparisonOperator: ComparisonOperator,
    periods: number,
  ): void {
    const alarm = new Alarm(this, id, {
      alarmDescription: `${watch.impact} ${watch.cause} ${watch.action} See "After an alarm: ${watch.name}" in the README.`,
      metric: watch.metric,
      threshold: watch.threshold ?? 1,
      comparisonOperator,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: watch.missing ?? TreatMissingData.IGNORE,
    });
    alarm.addAlarmAction(this.#action);
  }
}

function visibleMessages(queue: Queue): IMetric {
  return queue.metricApproximateNumberOfMessagesVisible({
    period: PERIOD,
    statistic: Stats.MAXIMUM,
  });
}
