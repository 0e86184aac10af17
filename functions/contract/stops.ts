/** Why sweeps end: what each end counts as, and what it means to the operator. */

interface Stop {
  /** What the metrics, and so the alarms, make of it. `nothing` rings only the alarm about missing sweeps. */
  readonly countsAs: "success" | "too many" | "stopped early" | "nothing";
  /** What happened and what to do about it; undefined where it ended as it should. */
  readonly advice: string | undefined;
}

export const STOPS = {
  done: { countsAs: "success", advice: undefined },
  "max-deletions": {
    countsAs: "success",
    advice: "It reached MAX_DELETIONS; the next sweep goes on with the rest.",
  },
  "out-of-time": {
    countsAs: "success",
    advice: "Its time ran out; the next sweep goes on with the rest.",
  },
  "too-many": {
    countsAs: "too many",
    advice:
      "More certificates were eligible than MAX_DELETIONS allows, so none was deleted. Read the list below; if it is right, raise maxDeletions and deploy.",
  },
  "credentials-rejected": {
    countsAs: "stopped early",
    advice:
      "Volcengine rejected the access key. Put a valid one into the secret.",
  },
  "vendor-access-denied": {
    countsAs: "stopped early",
    advice:
      "The access key lacks a permission. Allow live:ListCertV2, live:ListDomainDetail and live:DeleteCert.",
  },
  "vendor-billing": {
    countsAs: "stopped early",
    advice:
      "The live service is not activated for the account, or the account is in arrears. Settle it in the Volcengine console.",
  },
  "vendor-unhealthy": {
    countsAs: "stopped early",
    advice:
      "Ten deletions in a row failed, so it stopped. The next sweep tries again; see the errors below.",
  },
  "no-evidence": {
    countsAs: "stopped early",
    advice:
      "The account could not be read completely, and without complete evidence nothing is deleted.",
  },
  "evidence-too-old": {
    countsAs: "stopped early",
    advice:
      "What was read could no longer be acted on when the first deletion was due: reading took too long, since the account is very large or Volcengine slow, or the secret changed meanwhile.",
  },
  "not-set-up": {
    countsAs: "nothing",
    advice:
      "The secret still holds the placeholder of the stack. Put the access key in its place.",
  },
} as const satisfies Readonly<Record<string, Stop>>;

export type StoppedBecause = keyof typeof STOPS;

/** The ends that count as something, by name. */
export function stopsThatCountAs(what: Stop["countsAs"]): readonly string[] {
  return Object.entries(STOPS).flatMap(([name, { countsAs }]) =>
    countsAs === what ? [name] : [],
  );
}
