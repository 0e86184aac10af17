/** Deletes the one certificate that a caller names: look, refuse or delete, and where the outcome is unknown look again. */
import { createDeletionLog, deletionFacts, type Log } from "./deletion-log.ts";
import { patiently } from "./patience.ts";
import { judgeOne, type Judgement, type Policy } from "./verdict.ts";
import {
  EVIDENCE_LIFE_MS,
  type Clock,
  type Deadline,
  type Observation,
  type Observer,
  type Deleter,
} from "./ports.ts";
import { VendorFailure } from "./failure.ts";
import { withDeadline } from "./deadline.ts";

/** Kept free, in milliseconds, for the list that decides an unknown outcome. */
const CONFIRM_MS = 5_000;

export interface DeletionRequest {
  readonly chainId: string;
  /** Delete even what is in use, out of sight or protected. */
  readonly force: boolean;
  /** Answer as if, and write nothing. */
  readonly dryRun: boolean;
  /** Who asks and under which request id; goes into every attempt's log line. */
  readonly asked: Readonly<Record<string, string>>;
  /** Called in the same instant as each DeleteCert. */
  readonly onSend?: () => void;
}

export type DeletionResult =
  | {
      readonly outcome: "deleted" | "alreadyGone" | "wouldDelete";
      /** The vendor's: of the deletion, or else of the last listing answer. */
      readonly requestId: string;
      readonly judgement: Judgement;
    }
  | { readonly outcome: "absent"; readonly requestId: string }
  | {
      readonly outcome: "refused";
      readonly because: "in-use" | "protected";
      readonly judgement: Judgement;
    }
  | {
      readonly outcome: "failed";
      readonly judgement: Judgement;
      readonly failure: VendorFailure;
      /** Whether a DeleteCert had been sent. */
      readonly sent: boolean;
      /** A fresh list has the certificate; undefined if none could be had or none was needed. */
      readonly stillListed: boolean | undefined;
    };

export interface DeletionParts {
  readonly observer: Observer;
  readonly deleter: Deleter;
  readonly clock: Clock;
  readonly log: Log;
}

function refusal({ reasons }: Judgement): "in-use" | "protected" | undefined {
  if (reasons.includes("in-use") || reasons.includes("domain-not-visible")) {
    return "in-use";
  }
  return reasons.includes("protected") ? "protected" : undefined;
}

/**
 * Deletes as asked, within the deadline. Rejects with a {@link VendorFailure} if the account could not be read
 * in the first place; then nothing was sent.
 */
export async function deleteOne(
  parts: DeletionParts,
  policy: Policy,
  request: DeletionRequest,
  deadline: Deadline,
): Promise<DeletionResult> {
  const first = await deleteOnce(parts, policy, request, deadline);
  if (first.outcome !== "failed" || first.failure.kind !== "secret-changed") {
    return first;
  }
  // A key that changed in between makes the evidence worthless, so it is read again, once.
  let second: DeletionResult;
  try {
    second = await deleteOnce(parts, policy, request, deadline);
  } catch (failure) {
    if (!(failure instanceof VendorFailure) || !first.sent) throw failure;
    second = { ...first, failure };
  }
  const { attempts, possiblyDone } = first.failure;
  if (second.outcome === "absent" && possiblyDone) {
    return { ...second, outcome: "alreadyGone", judgement: first.judgement };
  }
  if (second.outcome !== "failed") return second;
  return {
    ...second,
    sent: first.sent || second.sent,
    failure: second.failure.after(
      attempts + second.failure.attempts,
      possiblyDone || second.failure.possiblyDone,
    ),
  };
}

async function deleteOnce(
  parts: DeletionParts,
  policy: Policy,
  request: DeletionRequest,
  deadline: Deadline,
): Promise<DeletionResult> {
  const { clock, observer } = parts;
  const observation = await patiently(clock, deadline, Infinity, () =>
    observer.observe(deadline),
  );
  const { chainId } = request;
  const judgement = judgeOne(observation, chainId, policy, clock.now());
  const { requestId } = observation;
  if (judgement === undefined) return { outcome: "absent", requestId };
  const because = request.force ? undefined : refusal(judgement);
  if (because !== undefined) return { outcome: "refused", because, judgement };
  if (request.dryRun) return { outcome: "wouldDelete", requestId, judgement };
  const sending = await withDeadline(
    clock,
    deadline.at - CONFIRM_MS - clock.monotonic(),
    deadline,
    (inner) => send(parts, request, observation, judgement, inner),
  );
  return sending instanceof VendorFailure
    ? settle(observer, judgement, sending, deadline)
    : { outcome: "deleted", requestId: sending, judgement };
}

/** Sends the DeleteCert; resolves to its request id, or to why it is not known to have been done. */
async function send(
  parts: DeletionParts,
  request: DeletionRequest,
  observation: Observation,
  { certificate }: Judgement,
  deadline: Deadline,
): Promise<string | VendorFailure> {
  const log = createDeletionLog(
    parts.log,
    { ...request.asked, force: request.force, ...deletionFacts(certificate) },
    () => {
      request.onSend?.();
      return true;
    },
  );
  try {
    const { requestId } = await parts.deleter.deleteCertificate({
      chainId: certificate.chainId,
      secretVersion: observation.secretVersion,
      sendBefore: observation.startedAt + EVIDENCE_LIFE_MS,
      deadline,
      ...log,
    });
    return requestId;
  } catch (failure) {
    if (failure instanceof VendorFailure) return failure;
    throw failure;
  }
}

/** An unknown outcome, or an answer that denies what was just listed, is decided by a fresh complete list. */
async function settle(
  observer: Observer,
  judgement: Judgement,
  failure: VendorFailure,
  deadline: Deadline,
): Promise<DeletionResult> {
  const failed = {
    outcome: "failed",
    judgement,
    failure,
    sent: failure.attempts > 0,
  } as const;
  const denied = failure.kind === "not-found" || failure.kind === "forbidden";
  if (!failure.possiblyDone && !denied) {
    return { ...failed, stillListed: undefined };
  }
  let fresh;
  try {
    fresh = await observer.listCertificates(deadline);
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    return { ...failed, stillListed: undefined };
  }
  const { certificates, requestId } = fresh;
  const id = judgement.certificate.chainId.toLowerCase();
  if (certificates.some(({ chainId }) => chainId.toLowerCase() === id)) {
    return { ...failed, stillListed: true };
  }
  return failure.possiblyDone
    ? { outcome: "alreadyGone", requestId, judgement }
    : { outcome: "absent", requestId };
}
