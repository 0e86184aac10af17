/** The log lines around each DeleteCert, the same for a sweep and for a request. */
import type { Certificate } from "./certificate.ts";
import type { DeletionOrder } from "./ports.ts";
import type { VendorFailure } from "./failure.ts";

const SHOWN_DOMAINS = 100;

/** Writes one structured line; must not throw. */
export type Log = (line: Readonly<Record<string, unknown>>) => void;

/** Enough to find the certificate again at its issuer and to know whom its loss concerns, if it should not have gone. */
export function deletionFacts({ chainId, records }: Certificate) {
  const [{ name, notAfter, domains }] = records;
  return { chainId, name, notAfter, domains: domains.slice(0, SHOWN_DOMAINS) };
}

/** A failure as a log line shows it. */
function failureFacts(
  failure: VendorFailure,
): Readonly<Record<string, unknown>> {
  return {
    outcome: "failed",
    failure: failure.kind,
    class: failure.outcome,
    code: failure.code,
    requestId: failure.requestId,
    error: failure.message,
  };
}

export interface DeletionLog extends Pick<DeletionOrder, "permit" | "ended"> {
  /** Closes an attempt that nobody has ended, since something broke in between. */
  broke(failure: VendorFailure): void;
}

/** `facts` go into every line; `allowed` may still forbid an attempt, which then leaves no line. */
export function createDeletionLog(
  log: Log,
  facts: Readonly<Record<string, unknown>>,
  allowed: () => boolean,
): DeletionLog {
  let open: number | undefined;
  const ended: DeletionOrder["ended"] = (attempt, failure, requestId) => {
    open = undefined;
    log({
      event: "delete-outcome",
      ...facts,
      attempt,
      ...(failure === undefined
        ? { outcome: "deleted", requestId }
        : failureFacts(failure)),
    });
  };
  return {
    permit(attempt) {
      if (!allowed()) return false;
      open = attempt;
      log({ event: "delete-attempt", ...facts, attempt });
      return true;
    },
    ended,
    broke(failure) {
      if (open !== undefined) ended(open, failure);
    },
  };
}
