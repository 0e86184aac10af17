/** An optional dashboard: what sweeps did, why certificates are kept, and how the API fares. */
import { Duration } from "aws-cdk-lib";
import {
  Dashboard,
  GraphWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  Stats,
  type IWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import { REASONS } from "../../functions/contract/reasons.ts";
import type { Api } from "./api.ts";
import type { SweepMetrics } from "./sweep-metrics.ts";
import type { Sweep } from "./sweep.ts";

interface JanitorDashboardProps {
  readonly api: Api;
  readonly sweep: Sweep;
  readonly metrics: SweepMetrics;
}

const HALF = { width: 12, height: 6 };
export class JanitorDashboard extends Construct {
  constructor(scope: Construct, id: string, props: JanitorDashboardProps) {
    super(scope, id);
    const { api, sweep, metrics } = props;
    new Dashboard(this, "Dashboard", {
      defaultInterval: Duration.days(7),
      widgets: [
        [sweepResults(metrics), keptByReason(sweep)],
        [latency(api, sweep), requests(api)],
        [queues(sweep), lastDeletions(api, sweep)],
      ],
    });
  }
}

function sweepResults(metrics: SweepMetrics): IWidget {
  const hour = Duration.hours(1);
  return new GraphWidget({
    ...HALF,
    title: "Sweep results",
    left: [
      metrics.sum("CertificatesEligible", hour),
      metrics.sum("CertificatesDeleted", hour),
      metrics.sum("CertificatesRemaining", hour),
      metrics.sum("DeletionsFailed", hour),
      metrics.sum("ExpiredInUse", hour),
      metrics.sum("ExpiringInUse", hour),
    ],
  });
}

function keptByReason({ sweeper }: Sweep): IWidget {
  const field = (reason: string): string =>
    `coalesce(\`message.counts.kept.${reason}\`, 0) as ${reason.replaceAll("-", "_")}`;
  return new LogQueryWidget({
    ...HALF,
    title: "Certificates kept, by reason, in the last sweeps",
    view: LogQueryVisualizationType.TABLE,
    logGroupNames: [sweeper.logGroup.logGroupName],
    queryLines: [
      'filter message.event = "sweep-summary"',
      `fields message.startedAt as started, message.mode as mode, ${REASONS.map(field).join(", ")}`,
      "sort @timestamp desc",
      "limit 20",
      "display started, mode, " +
        REASONS.map((reason) => reason.replaceAll("-", "_")).join(", "),
    ],
  });
}

function latency(api: Api, { sweeper }: Sweep): IWidget {
  return new GraphWidget({
    ...HALF,
    title: "Latency (milliseconds)",
    left: [
      api.httpApi.metricLatency({ statistic: Stats.p(50), label: "API p50" }),
      api.httpApi.metricLatency({ statistic: Stats.p(99), label: "API p99" }),
    ],
    right: [
      sweeper.function.metricDuration({
        statistic: Stats.MAXIMUM,
        label: "sweep, longest (right axis)",
      }),
    ],
  });
}

function requests({ httpApi }: Api): IWidget {
  const options = { statistic: Stats.SUM };
  return new GraphWidget({
    ...HALF,
    title: "API requests and errors",
    left: [
      httpApi.metricCount({ ...options, label: "requests" }),
      httpApi.metricClientError({ ...options, label: "4xx" }),
      httpApi.metricServerError({ ...options, label: "5xx" }),
    ],
  });
}

function queues({ scheduleQueue, failureQueue }: Sweep): IWidget {
  return new GraphWidget({
    ...HALF,
    title: "Messages waiting in the queues",
    left: [
      scheduleQueue.metricApproximateNumberOfMessagesVisible({
        statistic: Stats.MAXIMUM,
        label: "sweeps not started",
      }),
      failureQueue.metricApproximateNumberOfMessagesVisible({
        statistic: Stats.MAXIMUM,
        label: "failed sweeps",
      }),
    ],
  });
}

function lastDeletions(api: Api, { sweeper }: Sweep): IWidget {
  return new LogQueryWidget({
    ...HALF,
    title: "Last deletions",
    view: LogQueryVisualizationType.TABLE,
    logGroupNames: [
      sweeper.logGroup.logGroupName,
      api.responder.logGroup.logGroupName,
    ],
    queryLines: [
      'filter message.event = "delete-outcome"',
      "sort @timestamp desc",
      "limit 50",
      "display @timestamp, message.chainId, message.name, message.outcome, message.code, message.requestId, message.caller",
    ],
  });
}
