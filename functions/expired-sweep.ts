/** Lambda entry: the scheduled sweep. */
import { readConfiguration } from "./aws/configuration.ts";
import { publishReport, topicPublisher } from "./aws/report-topic.ts";
import { readSweepPayload } from "./aws/sweep-payload.ts";
import type { SweepReport } from "./janitor/report.ts";
import { NoEvidence, sweep } from "./janitor/sweep.ts";
import { lambdaHost, lazily, type Host } from "./host.ts";
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
): (event: unknown, context: SweepContext) => Promise<ReturnedReport> {
  const wired = lazily(() => {
    const configuration = readConfiguration(host.env);
    return {
      configuration,
      vendor: createVendor(host, configuration, ATTEMPT_MS),
    };
  });
  const known = new Set<string>();

  const tell = async (report: SweepReport): Promise<void> => {
    const topicArn = host.env["REPORT_TOPIC_ARN"];
    if (topicArn === undefined) return;
    try {
      await publishReport(report, known, topicPublisher(topicArn));
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
    const settings = readSweepPayload(event, configuration);
    try {
      const report = await sweep(
        {
          ...vendor,
          clock: host.clock,
          log: host.log,
          remainingMs: () => context.getRemainingTimeInMillis(),
          runId: context.awsRequestId,
        },
        settings,
      );
      await tell(report);
      return {
        ...report,
        items: report.items.slice(0, MAX_ITEMS),
        itemsOmitted: Math.max(0, report.items.length - MAX_ITEMS),
      };
    } catch (error) {
      if (error instanceof NoEvidence) await tell(error.report);
      throw error;
    }
  };
}

export const handler = createSweepHandler(lambdaHost());
