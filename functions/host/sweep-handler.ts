/** The sweep as Lambda calls it: reads its order, sweeps, mails the report and returns it. */
import { readConfiguration } from "./configuration.ts";
import { publish } from "./report-topic.ts";
import { readSweepPayload } from "./sweep-payload.ts";
import { deservesMail, type Occasions } from "../janitor/occasions.ts";
import { reportMail } from "../janitor/report-text.ts";
import type { SweepReport } from "../janitor/report.ts";
import { NoEvidence, sweep } from "../janitor/sweep.ts";
import { lazily, type Host } from "./host.ts";
import { createVendor } from "./wiring.ts";

/** Of the Lambda context, what the sweep uses. */
export interface SweepContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** The report as returned: the log has every item, the answer must stay below Lambda's limit. */
export type ReturnedReport = SweepReport & { readonly itemsOmitted: number };

const ATTEMPT_MS = 10_000;
const MAX_ITEMS = 200;

/**
 * The handler over a host. Rejects when the payload or a setting is bad, before any call, and when the account
 * could not be read; in no other case.
 */
export function createSweepHandler(
  host: Host,
  vendorOf = createVendor,
): (event: unknown, context: SweepContext) => Promise<ReturnedReport> {
  const wired = lazily(() => {
    const configuration = readConfiguration(host.env);
    return {
      configuration,
      vendor: vendorOf(host, configuration, ATTEMPT_MS),
    };
  });

  const mail = async (
    report: SweepReport,
    occasions: Occasions,
    graceDays: number,
  ): Promise<void> => {
    const { REPORT_TOPIC_ARN, STACK_NAME, PROVIDER } = host.env;
    if (REPORT_TOPIC_ARN === undefined) return;
    try {
      const startedAt = Date.parse(report.startedAt);
      if (!deservesMail(report, startedAt, occasions)) return;
      const stackName = STACK_NAME ?? "live-cert-janitor";
      const provider = PROVIDER === "byteplus" ? PROVIDER : "volcengine";
      await publish(
        REPORT_TOPIC_ARN,
        reportMail(report, { stackName, provider }, graceDays),
      );
    } catch (error) {
      // The sweep is done and logged; a mail that did not go out must not make it look failed.
      host.log({
        event: "report-not-sent",
        runId: report.runId,
        error: error instanceof Error ? error.name : "unknown",
      });
    }
  };

  return async (event, context) => {
    const { configuration, vendor } = wired();
    const order = readSweepPayload(event, configuration);
    const { policy, warnDays, sweepIntervalMinutes } = configuration;
    const tell = (report: SweepReport): Promise<void> =>
      mail(
        report,
        { asked: order.report, sweepIntervalMinutes },
        policy.graceDays,
      );
    try {
      const report = await sweep(
        {
          ...vendor,
          clock: host.clock,
          log: host.log,
          remainingMs: () => context.getRemainingTimeInMillis(),
          runId: context.awsRequestId,
        },
        { ...order, warnDays },
      );
      await tell(report);
      return {
        ...report,
        items: report.items.slice(0, MAX_ITEMS),
        expiring: report.expiring.slice(0, MAX_ITEMS),
        itemsOmitted: Math.max(0, report.items.length - MAX_ITEMS),
      };
    } catch (error) {
      if (error instanceof NoEvidence) await tell(error.report);
      throw error;
    }
  };
}
