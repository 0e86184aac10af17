/** The sweep as Lambda calls it: reads its order, sweeps, mails the report and returns it. */
import { readConfiguration, type Environment } from "./configuration.ts";
import { publish } from "./report-topic.ts";
import { readSweepPayload } from "./sweep-payload.ts";
import { deservesMail, type Occasions } from "../janitor/occasions.ts";
import { reportMail, type Mail, type Origin } from "../janitor/report-text.ts";
import type { SweepReport } from "../janitor/report.ts";
import {
  NoEvidence,
  sweep,
  type SweepParts,
  type SweepSettings,
} from "../janitor/sweep.ts";
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

/** To whom a report is mailed, and when. */
export interface Telling {
  readonly occasions: Occasions;
  readonly origin: Origin;
  /** The deployment's. */
  readonly graceDays: number;
  readonly send: (mail: Mail) => Promise<void>;
}

/** By the topic of the stack; undefined if it has none. */
function tellingOf(
  { REPORT_TOPIC_ARN, STACK_NAME, PROVIDER }: Environment,
  occasions: Occasions,
  graceDays: number,
): Telling | undefined {
  if (REPORT_TOPIC_ARN === undefined) return undefined;
  const provider = PROVIDER === "byteplus" ? PROVIDER : "volcengine";
  return {
    occasions,
    origin: { stackName: STACK_NAME ?? "live-cert-janitor", provider },
    graceDays,
    send: (mail) => publish(REPORT_TOPIC_ARN, mail),
  };
}

/** Sweeps, and mails the report where there is occasion to. Rejects as {@link sweep} does. */
export async function sweepAndTell(
  parts: SweepParts,
  settings: SweepSettings,
  telling: Telling | undefined,
): Promise<SweepReport> {
  const tell = async (report: SweepReport): Promise<void> => {
    if (telling === undefined) return;
    const { occasions, origin, graceDays, send } = telling;
    try {
      const startedAt = Date.parse(report.startedAt);
      if (!deservesMail(report, startedAt, occasions)) return;
      await send(reportMail(report, origin, graceDays));
    } catch (error) {
      // The sweep is done and logged; a mail that did not go out must not make it look failed.
      parts.log({
        event: "report-not-sent",
        runId: report.runId,
        error: error instanceof Error ? error.name : "unknown",
      });
    }
  };
  try {
    const report = await sweep(parts, settings);
    await tell(report);
    return report;
  } catch (error) {
    if (error instanceof NoEvidence) await tell(error.report);
    throw error;
  }
}

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

  return async (event, context) => {
    const { configuration, vendor } = wired();
    const order = readSweepPayload(event, configuration);
    const { policy, warnDays, sweepIntervalMinutes } = configuration;
    const report = await sweepAndTell(
      {
        ...vendor,
        clock: host.clock,
        log: host.log,
        remainingMs: () => context.getRemainingTimeInMillis(),
        runId: context.awsRequestId,
      },
      { ...order, warnDays },
      tellingOf(
        host.env,
        { asked: order.report, sweepIntervalMinutes },
        policy.graceDays,
      ),
    );
    return {
      ...report,
      items: report.items.slice(0, MAX_ITEMS),
      expiring: report.expiring.slice(0, MAX_ITEMS),
      itemsOmitted: Math.max(0, report.items.length - MAX_ITEMS),
    };
  };
}
