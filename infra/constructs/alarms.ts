/** What wakes somebody up. Each text says who is hurt and what to do; docs/operations.md has the commands. */
import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  Stats,
  TreatMissingData,
  type IMetric,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Construct } from "constructs";
import type { Api } from "./api.ts";
import type { StackConfiguration } from "../settings/config.ts";
import type { Notifications } from "./notifications.ts";
import type { SweepMetrics } from "./sweep-metrics.ts";
import type { Sweep } from "./sweep.ts";

interface AlarmsProps {
  readonly config: StackConfiguration;
  readonly api: Api;
  readonly sweep: Sweep;
  readonly metrics: SweepMetrics;
  readonly notifications: Notifications;
}

interface Watch {
  /** As in the heading "After an alarm: <name>" of docs/operations.md. */
  readonly name: string;
  /** Who is hurt, in one sentence. */
  readonly impact: string;
  readonly action: string;
  readonly metric: IMetric;
  /** @default 1 or more */
  readonly rings?: readonly [ComparisonOperator, number];
  /** Periods in a row. @default 1 */
  readonly periods?: number;
  /**
   * What no data means. Sweeps are far apart, so an alarm about the last sweep stays as it is until the next.
   * @default TreatMissingData.IGNORE
   */
  readonly missing?: TreatMissingData;
  /** Whether its end is told as well: to somebody who was woken up by it. @default false */
  readonly endIsTold?: boolean;
}

const {
  GREATER_THAN_OR_EQUAL_TO_THRESHOLD: AT_LEAST,
  LESS_THAN_THRESHOLD: LESS_THAN,
} = ComparisonOperator;
const PERIOD = Duration.minutes(5);

function watches(props: AlarmsProps): {
  readonly DeadMan: Watch;
  readonly [alarmId: string]: Watch;
} {
  const { config, api, sweep, metrics } = props;
  const hours = config.deadManHours;
  return {
    DeadMan: {
      name: "no successful sweep",
      // "At least": where data are missing CloudWatch looks further back, and a success there keeps it silent.
      impact: `No sweep has succeeded for at least ${String(hours)} hours, so expired certificates pile up, and nobody is told of those that domains still serve.`,
      action:
        "Look at the other alarms, then at the last summary. Right after a first deployment it only means that no sweep has run yet.",
      metric: metrics.sum("SweepsSucceeded", Duration.hours(1)),
      rings: [LESS_THAN, 1],
      periods: hours,
      // No data at all is what a sweep that never runs looks like, so here it counts as the worst.
      missing: TreatMissingData.BREACHING,
      endIsTold: true,
    },
    SweepError: {
      name: "failed sweep",
      impact:
        "A sweep ended in an error and deleted nothing, so expired certificates stay.",
      action:
        "Read the error in the failure queue's message; the secret, a setting, the payload or the vendor is to blame. This alarm ends by itself.",
      // One for each lost sweep, whatever it was that went wrong, and no alarm for weeks over a message that waits.
      metric: sweep.sweeper.function.metric("AsyncEventsDropped", {
        period: PERIOD,
        statistic: Stats.SUM,
      }),
      missing: TreatMissingData.NOT_BREACHING,
    },
    ScheduleDeadLetter: {
      name: "sweep not started",
      impact: "A scheduled sweep never started, so expired certificates stay.",
      action:
        "Read ERROR_MESSAGE on the message in the schedule's queue; most often a role or the function was changed by hand. This alarm ends by itself.",
      // Stryker disable next-line ObjectLiteral: these are CDK's defaults as well
      metric: sweep.scheduleQueue.metricNumberOfMessagesSent({
        period: PERIOD,
        statistic: Stats.SUM,
      }),
      missing: TreatMissingData.NOT_BREACHING,
    },
    TooMany: {
      name: "too many",
      impact:
        "More certificates are eligible than maxDeletions permits, so the sweep deleted none and expired ones stay.",
      action:
        "Read the list of candidates, and raise maxDeletions only if every one may go.",
      metric: metrics.sum("SweepsWithTooMany", PERIOD),
    },
    StoppedEarly: {
      name: "stopped early",
      impact:
        "A sweep stopped before its work was done, so expired certificates stay.",
      action:
        "Look up stoppedBecause in the last summary: the access key, its permissions, unpaid bills or the vendor.",
      metric: metrics.sum("SweepsStoppedEarly", PERIOD),
      endIsTold: true,
    },
    DeletionsFailed: {
      name: "deletions failed",
      impact:
        "At least one expired certificate could not be deleted, or may still be there after its deletion; the others were not affected.",
      action:
        "Look up the items whose outcome is failed or unconfirmed, with the vendor's code.",
      metric: metrics.sum("DeletionsFailed", PERIOD),
    },
    ExpiredInUse: {
      name: "expired in use",
      impact:
        "A domain still serves an expired certificate, so its viewers are failing now or will soon.",
      action: "Bind a valid certificate to the domains in the report, at once.",
      metric: metrics.sum("ExpiredInUse", PERIOD),
      endIsTold: true,
    },
    ExpiringInUse: {
      name: "expiring in use",
      impact:
        "A certificate that a domain serves is about to expire, so its viewers will fail on that day.",
      action:
        "Renew it, or bind the renewal that the report names, before that day.",
      metric: metrics.sum("ExpiringInUse", PERIOD),
    },
    ReportNotSent: {
      name: "report not sent",
      impact:
        "A sweep's report did not reach the topic, so nobody was told what it deleted, or which domains serve an expired certificate.",
      action:
        "Read the last summary in the sweep's log in its place, then test the delivery.",
      metric: metrics.sum("ReportsNotSent", PERIOD),
    },
    ApiError: {
      name: "API errors",
      impact:
        "Callers of the API got at least three server errors within 15 minutes, so what they asked for may or may not have been done; repeating a request is safe.",
      action:
        "Read the problem names in the API's log: the vendor, the secret or a setting.",
      metric: api.httpApi.metricServerError({
        period: Duration.minutes(15),
        statistic: Stats.SUM,
      }),
      // One error a caller sees himself.
      rings: [AT_LEAST, 3],
      missing: TreatMissingData.NOT_BREACHING,
      endIsTold: true,
    },
  };
}

export class Alarms extends Construct {
  /** Rings when sweeps are missing. */
  readonly deadMan: Alarm;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const action = new SnsAction(props.notifications.topic);
    const make = (alarmId: string, watch: Watch): Alarm => {
      const [comparisonOperator, threshold] = watch.rings ?? [AT_LEAST, 1];
      const periods = watch.periods ?? 1;
      const alarm = new Alarm(this, alarmId, {
        alarmDescription: `${watch.impact} ${watch.action} See "After an alarm: ${watch.name}" in docs/operations.md.`,
        metric: watch.metric,
        threshold,
        comparisonOperator,
        evaluationPeriods: periods,
        datapointsToAlarm: periods,
        treatMissingData: watch.missing ?? TreatMissingData.IGNORE,
      });
      alarm.addAlarmAction(action);
      if (watch.endIsTold === true) alarm.addOkAction(action);
      return alarm;
    };
    const { DeadMan, ...others } = watches(props);
    this.deadMan = make("DeadMan", DeadMan);
    for (const [alarmId, watch] of Object.entries(others)) make(alarmId, watch);
  }
}
