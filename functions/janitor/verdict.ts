/**
 * The heart of the project: may a certificate be deleted? Only if no reason to keep it holds (design, "the verdict").
 */
import { REASONS, type Detail, type Reason } from "../contract/reasons.ts";
import type { Certificate, CertificateRecord } from "./certificate.ts";
import { callWitness, usesOf, type Witness } from "./in-use.ts";
import { protections } from "./protect.ts";
import type { ProtectRule } from "../contract/parsers.ts";
import { VendorFailure } from "./failure.ts";
import type { Observation } from "./ports.ts";

export interface Policy {
  readonly graceDays: number;
  readonly unseenDomains: "keep" | "ignore";
  /** Empty: all projects. */
  readonly projectNames: readonly string[];
  readonly protect: readonly ProtectRule[];
}

export type State = "expired" | "valid" | "unreadable";

export interface Judgement {
  readonly certificate: Certificate;
  readonly state: State;
  readonly verdict: "delete" | "keep";
  readonly reasons: readonly Reason[];
  readonly details: readonly Detail[];
}

const DAY_MS = 86_400_000;

function expiryReasons(
  certificate: Certificate,
  record: CertificateRecord,
  graceDays: number,
  now: number,
): Detail[] {
  const details: Detail[] = [];
  const { begins, ends } = record;
  for (const [field, text, at] of [
    ["NotBefore", record.notBefore, begins],
    ["NotAfter", record.notAfter, ends],
  ] as const) {
    if (at === undefined) {
      details.push({
        reason: "expiry-unreadable",
        field,
        seen: text,
        because: `${field} ${text === "" ? "is empty" : `"${text.slice(0, 40)}" is not a date with time and zone`}`,
      });
    }
  }
  if (ends === undefined) return details;
  // Stryker disable next-line ConditionalExpression: nothing is greater than or less than undefined
  if (begins !== undefined && begins >= ends) {
    details.push({
      reason: "validity-inverted",
      because: `it ends (${record.notAfter}) before it begins (${record.notBefore})`,
    });
  }
  if (now < ends) {
    details.push({
      reason: "not-expired",
      because: `it is valid until ${record.notAfter}`,
    });
    return details;
  }
  if (now < ends + graceDays * DAY_MS) {
    details.push({
      reason: "within-grace",
      because: `it expired ${record.notAfter}, within the grace of ${String(graceDays)} days`,
    });
  }
  // Three independent proofs of expiry must agree: the date, the vendor's status, the vendor's own filter.
  const contradictions = [
    record.status !== "Expire" &&
      `its Status is "${record.status.slice(0, 20)}", not "Expire"`,
    !certificate.listedAsExpired && "no listing of expired certificates has it",
    certificate.listedAsUnexpired &&
      "a listing of unexpired certificates has it",
  ].filter((text) => text !== false);
  for (const text of contradictions) {
    details.push({
      reason: "status-conflict",
      because: `it expired ${record.notAfter}, but ${text}`,
    });
  }
  return details;
}

function stateOf(certificate: Certificate, now: number): State {
  const ends = certificate.records.map((record) => record.ends);
  // Stryker disable next-line ConditionalExpression: nothing is greater than or less than undefined
  if (ends.some((end) => end !== undefined && now < end)) return "valid";
  return ends.includes(undefined) ? "unreadable" : "expired";
}

/**
 * Judges one certificate at `now` (milliseconds since the epoch), with every reason that applies.
 * Where the listings contradict each other, what holds for any record holds for the certificate.
 * @public named by the contract
 */
export function decide(
  certificate: Certificate,
  witness: Witness,
  policy: Policy,
  now: number,
): Judgement {
  const details: Detail[] = [];
  if (certificate.records.length > 1) {
    details.push({
      reason: "malformed-record",
      because: `its chain id is listed ${String(certificate.records.length)} times with different data`,
    });
  }
  for (const record of certificate.records) {
    details.push(
      ...record.defects.map((because) => ({
        reason: "malformed-record" as const,
        because,
      })),
      ...expiryReasons(certificate, record, policy.graceDays, now),
      ...usesOf(record, witness, policy.unseenDomains),
      ...protections(record, policy.protect, now),
    );
    if (
      policy.projectNames.length > 0 &&
      !policy.projectNames.includes(record.projectName)
    ) {
      details.push({
        reason: "out-of-scope",
        projectName: record.projectName,
        because: `its project "${record.projectName}" is not in PROJECT_NAMES`,
      });
    }
  }
  const held = new Set(details.map((detail) => detail.reason));
  const reasons = REASONS.filter((reason) => held.has(reason));
  return {
    certificate,
    state: stateOf(certificate, now),
    verdict: reasons.length === 0 ? "delete" : "keep",
    reasons,
    details,
  };
}

/** Judges every certificate of an observation, in time linear in certificates, names and domains. */
export function judge(
  observation: Pick<Observation, "certificates" | "domains">,
  policy: Policy,
  now: number,
): Judgement[] {
  const witness = callWitness(observation.certificates, observation.domains);
  return observation.certificates.map((certificate) =>
    decide(certificate, witness, policy, now),
  );
}

/**
 * Judges the one certificate with this chain id, upper and lower case alike. Undefined if the observation has none,
 * or if it is out of scope: then it does not exist for those who ask. Throws a {@link VendorFailure} if it has none
 * since a listing may have passed it over.
 */
export function judgeOne(
  {
    certificates,
    domains,
    isSettled,
  }: Pick<Observation, "certificates" | "domains" | "isSettled">,
  chainId: string,
  policy: Policy,
  now: number,
): Judgement | undefined {
  const id = chainId.toLowerCase();
  const named = certificates.find((one) => one.chainId.toLowerCase() === id);
  if (named === undefined) {
    if (isSettled) return undefined;
    throw new VendorFailure(
      "The list of certificates changed while it was read and does not show this one, which proves nothing.",
      { kind: "incomplete-listing", outcome: "answered" },
    );
  }
  const judgement = decide(
    named,
    callWitness(certificates, domains),
    policy,
    now,
  );
  return judgement.reasons.includes("out-of-scope") ? undefined : judgement;
}
