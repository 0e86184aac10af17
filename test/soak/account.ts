/** What the account really is: who may be deleted, and what was. */
import type {
  EmulatedCertificate,
  EmulatedDomain,
} from "../../infra/local/live-emulator/account.ts";
import type { Random } from "../simulation/random.ts";
import { certificate, domain } from "../world/deployment.ts";

const DAY = 86_400_000;
export const GRACE_DAYS = 7;
export const PROTECT = '[{"match":"name","value":"hold-*","owner":"legal"}]';
/** Why there are certificates, as their names tell, how many at first, and between how many days from now they end. */
const PARTS: Readonly<Record<string, readonly [number, number, number]>> = {
  serving: [25, 5, 80],
  late: [10, -300, -GRACE_DAYS - 1],
  dead: [40, -300, -GRACE_DAYS - 1],
  grace: [8, 1 - GRACE_DAYS, -1],
  spare: [60, 5, 80],
  renewal: [0, 5, 80],
  hold: [6, -300, -GRACE_DAYS - 1],
  unseen: [4, -300, -GRACE_DAYS - 1],
};

export class Account {
  readonly certificates = new Map<string, EmulatedCertificate>();
  readonly domains: EmulatedDomain[] = [];
  /** Chain ids that a DELETE without dry run named. */
  readonly named = new Set<string>();
  deletedAsDead = 0;
  deletedByName = 0;
  readonly #random: Random;
  #issued = 0;

  constructor(random: Random) {
    this.#random = random;
    for (const [part, [count]] of Object.entries(PARTS))
      for (let n = 0; n < count; n++) this.issue(part);
  }

  /** A new certificate, and for one in use its domain, bound by any of the identifiers. */
  issue(part: string) {
    const random = this.#random;
    const [, from = 0, until = 0] = PARTS[part] ?? [];
    const n = this.#issued++;
    const own = `live${String(n)}.example.com`;
    const isBound = part === "serving" || part === "late";
    // Those not in use claim a domain that another one serves.
    const claimed = random.pick(["live0.example.com", undefined]) ?? [];
    const one: EmulatedCertificate = {
      ...certificate(n, random.int(from, until), {
        name: `${part}-${String(n)}`,
        domains: isBound
          ? [own]
          : [part === "unseen" ? "gone.example.net" : claimed].flat(),
      }),
      available: random.chance(0.9),
    };
    this.certificates.set(one.chainId, one);
    if (!isBound) return { certificates: [one], domains: [] };
    const id = random.pick([one.chainId, one.chainIdVolc, one.certId]);
    const bound = { ...domain(own, id), status: random.pick([0, 0, 2, 5]) };
    this.domains.push(bound);
    return { certificates: [one], domains: [bound] };
  }

  /** One of this part that is still there, or a chain id that nobody has. */
  one(part: string): string {
    const all = [...this.certificates.values()].filter(({ name }) =>
      name.startsWith(part),
    );
    return all.length === 0
      ? this.#random.hex(32)
      : this.#random.pick(all).chainId;
  }

  /** A late renewal: a valid certificate takes the domain over, and the expired one is free. */
  renew() {
    const late = [...this.certificates.values()].filter(({ name }) =>
      name.startsWith("late"),
    );
    const bound = this.domains.find(({ domain }) =>
      late.some((one) => one.domains[0] === domain && this.isBound(one)),
    );
    if (bound === undefined) return this.issue("late");
    const { certificates } = this.issue("renewal");
    for (const { chainId } of certificates) bound.chainId = chainId;
    return { certificates, domains: [bound] };
  }

  isBound({ chainId, chainIdVolc, certId }: EmulatedCertificate): boolean {
    return this.domains.some((domain) =>
      [chainId, chainIdVolc, certId].includes(domain.chainId),
    );
  }

  /** Whether a sweep may delete it. */
  isDeletable(one: EmulatedCertificate): boolean {
    return (
      Date.parse(one.notAfter) + GRACE_DAYS * DAY <= Date.now() &&
      !this.isBound(one) &&
      !one.name.startsWith("hold-") &&
      one.domains.every((name) =>
        this.domains.some(({ domain }) => domain === name),
      )
    );
  }

  /** The emulator has it no more; gives what is wrong with that. */
  gone(chainId: string): string | undefined {
    const one = this.certificates.get(chainId);
    if (one === undefined) return undefined;
    this.certificates.delete(chainId);
    if (this.isDeletable(one)) this.deletedAsDead += 1;
    else if (this.named.has(chainId) && !this.isBound(one))
      this.deletedByName += 1;
    else
      return `${one.name} was deleted: ends ${one.notAfter}, ${this.isBound(one) ? "bound" : "not bound"}, ${this.named.has(chainId) ? "named" : "not named"}`;
    return undefined;
  }
}
