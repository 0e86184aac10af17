/** Sends the report of a sweep to the operator's topic. */
import {
  contradictory,
  reportMail,
  type Mail,
} from "../janitor/report-text.ts";
import type { SweepReport } from "../janitor/report.ts";

/** Resolves when the mail is on its way. */
export type Publish = (mail: Mail) => Promise<void>;

const TIMEOUT_MS = 3000;

/** Publishes to a topic; the client comes from the Lambda runtime and is loaded only when there is something to say. */
export function topicPublisher(topicArn: string): Publish {
  return async ({ subject, text }) => {
    const { PublishCommand, SNSClient } = await import("@aws-sdk/client-sns");
    const client = new SNSClient({
      maxAttempts: 2,
      requestHandler: {
        connectionTimeout: TIMEOUT_MS,
        requestTimeout: TIMEOUT_MS,
        throwOnRequestTimeout: true,
      },
    });
    try {
      await client.send(
        new PublishCommand({
          TopicArn: topicArn,
          Subject: subject,
          Message: text,
        }),
      );
    } finally {
      client.destroy();
    }
  };
}

/**
 * Whether a report is worth a mail: the run deleted or failed something, or would have, stopped early, or found
 * contradictions that `known` does not hold yet. It adds those, so that a warm function does not repeat itself.
 */
function isNews(report: SweepReport, known: Set<string>): boolean {
  const { counts, stoppedBecause } = report;
  const fresh = contradictory(report).filter(({ chainId, reasons }) => {
    const key = `${chainId} ${reasons.join(" ")}`;
    if (known.has(key)) return false;
    known.add(key);
    return true;
  });
  return counts.eligible > 0 || stoppedBecause !== "done" || fresh.length > 0;
}

/** Sends the report if it is news. Rejects as {@link Publish} does. */
export async function publishReport(
  report: SweepReport,
  known: Set<string>,
  publish: Publish,
): Promise<void> {
  if (isNews(report, known)) await publish(reportMail(report));
}
