/** What the account really is, in the parent: who may be deleted, and what was. */
import type {
  EmulatedCertificate,
  EmulatedDomain,
} from "../../infra/local/live-emulator/account.ts";
import type { Random } from "../simulation/random.ts";

const DAY = 86_400_000;
export const GRACE_DAYS = 7;
export const PROTECT = [
  { match: "name", value: "hold-*", owner: "legal@example.com" },
];

/** Why there is such a certificate. */
export type Part =
  "dead" | "grace" | "spare" | "serving" | "late" | "held" | "unseen";

const AT_FIRST: readonly (readonly [Part, number])[] = [
  ["serving", 25],
  ["late", 10],
  ["dead", 40],
  ["grace", 8],
  ["spare", 60],
  ["held", 6],
  ["unseen", 4],
];

function utc(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

export class Truth {
  readonly certificates = new Map<string, EmulatedCertificate>();
  readonly domains: EmulatedDomain[] = [];
  /** Chain ids that a DELETE without dry run named. */
  readonly named = new Set<string>();
  readonly violations: string[] = [];
  deletedByName = 0;
  deletedBySweep = 0;
  readonly #random: Random;
  readonly #parts = new Map<string, Part>();
  #issued = 0;

  constructor(random: Random) {
    this.#random = random;
    for (const [part, count] of AT_FIRST)
      for (let n = 0; n < count; n++) this.issue(part);
  }

  /** A new certificate, and for one in use its domain. */
  issue(part: Part): EmulatedCertificate {
    const random = this.#random;
    const n = this.#issued++;
    const now = Date.now();
    const valid = part === "spare" || part === "serving";
    const days = valid
      ? random.int(5, 80)
      : part === "grace"
        ? -random.int(1, GRACE_DAYS - 1)
        : -random.int(GRACE_DAYS + 1, 300);
    const bound = part === "serving" || part === "late";
    const name = `live${String(n)}.example.com`;
    const other = this.domains.at(0)?.domain;
    const certificate: EmulatedCertificate = {
      chainId: random.hex(32),
      certId: String(8_000_000 + n),
      chainIdVolc: random.hex(32),
      name: `${part === "held" ? "hold" : part}-${String(n)}`,
      // Those not in use claim a domain that another one serves.
      domains: bound
        ? [name]
        : part === "unseen"
          ? ["gone.example.net"]
          : other === undefined || random.chance(0.3)
            ? []
            : [other],
      notBefore: utc(now + (days - 90) * DAY),
      notAfter: utc(now + days * DAY),
      createTime: utc(now + (days - 90) * DAY),
      projectName: "default",
      available: random.chance(0.9),
    };
    this.certificates.set(certificate.chainId, certificate);
    this.#parts.set(certificate.chainId, part);
    if (bound) {
      this.domains.push({
        domain: name,
        type: "pull-flv",
        chainId: random.pick([
          certificate.chainId,
          certificate.chainIdVolc,
          certificate.certId,
        ]),
        certDomain: name,
        status: random.pick([0, 0, 2, 5]),
        projectName: "default",
      });
    }
    return certificate;
  }

  /** One of the certificates of this part that are still there. */
  one(part: Part): EmulatedCertificate | undefined {
    const all = [...this.certificates.values()].filter(
      ({ chainId }) => this.#parts.get(chainId) === part,
    );
    return all.length === 0 ? undefined : this.#random.pick(all);
  }

  /** A late renewal: a valid certificate takes the domain over, and the expired one is free. */
  renew(): { domain: string; certificate: EmulatedCertificate } | undefined {
    const late = this.one("late");
    const domain = this.domains.find(
      ({ domain }) => domain === late?.domains[0],
    );
    if (late === undefined || domain === undefined) return undefined;
    const certificate = this.issue("spare");
    this.#parts.set(certificate.chainId, "serving");
    domain.chainId = certificate.chainId;
    this.#parts.set(late.chainId, "dead");
    return { domain: domain.domain, certificate };
  }

  isBound({ chainId, chainIdVolc, certId }: EmulatedCertificate): boolean {
    return this.domains.some((domain) =>
      [chainId, chainIdVolc, certId].includes(domain.chainId),
    );
  }

  /** Whether a sweep may delete it. */
  isDeletable(certificate: EmulatedCertificate): boolean {
    const over = Date.parse(certificate.notAfter) + GRACE_DAYS * DAY;
    return (
      over <= Date.now() &&
      !this.isBound(certificate) &&
      !certificate.name.startsWith("hold-") &&
      certificate.domains.every((name) =>
        this.domains.some(({ domain }) => domain === name),
      )
    );
  }

  deletable(): EmulatedCertificate[] {
    return [...this.certificates.values()].filter((one) =>
      this.isDeletable(one),
    );
  }

  /** The emulator says that it is gone. */
  gone(chainId: string): void {
    const certificate = this.certificates.get(chainId);
    if (certificate === undefined) return;
    const { name } = certificate;
    if (this.isBound(certificate))
      this.violations.push(`${name} was deleted while in use`);
    else if (name.startsWith("hold-"))
      this.violations.push(`${name} was deleted though protected`);
    else if (this.isDeletable(certificate)) this.deletedBySweep += 1;
    else if (this.named.has(chainId)) this.deletedByName += 1;
    else
      this.violations.push(
        `${name}, valid until ${certificate.notAfter}, was deleted unnamed`,
      );
    this.certificates.delete(chainId);
  }
}
