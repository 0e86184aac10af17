/** An account that lives on: certificates are issued, renewed, bound, unbound, cleaned up by hand, and expire. */
import {
  DAY,
  type Account,
  type Certificate,
  type Domain,
} from "../simulation/account.ts";
import type { Random } from "../simulation/random.ts";
import type { VirtualClock } from "../world/clock.ts";

export const HOUR = 3_600_000;
const SERVICES = 60;
/** Days of validity: those of short-lived certificates, and the 47 days of 2029. */
const LIFETIMES = [4, 6, 6, 47];
/** Certificates that the vendor refuses to delete, at first. */
const POISONED = 2;

interface Service {
  readonly domain: Domain;
  readonly lifetime: number;
  current: Certificate;
  /** A renewal is on its way. */
  renewing: boolean;
}

function rfc3339(time: number): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}

/** Plays everybody who changes the account beside the sweep. */
export class MonthAccount {
  readonly account: Account = { certificates: new Map(), domains: [] };
  readonly #services: Service[] = [];
  readonly #random: Random;
  readonly #clock: VirtualClock;
  #issued = 0;
  /** What was done to the account, by kind. */
  readonly done = new Map<string, number>();
  /** Called after each change. */
  onChange: () => void = () => undefined;

  constructor(clock: VirtualClock, random: Random, graceDays: number) {
    this.#clock = clock;
    this.#random = random;
    for (let n = 0; n < SERVICES; n++) {
      const lifetime = LIFETIMES[n % LIFETIMES.length]! * DAY;
      const domain = {
        name: `live${String(n)}.example${String(n % 3)}.com`,
        boundTo: "",
        fields: {},
      };
      this.account.domains.push(domain);
      const notAfter = clock.now() + random.next() * lifetime;
      const current = this.#issue(domain.name, lifetime, notAfter);
      this.#services.push({ domain, lifetime, current, renewing: false });
      this.#bind(domain, current);
      // What earlier renewals left and the sweep has not taken yet.
      for (
        let left = notAfter - (lifetime * 2) / 3;
        left > clock.now() - (graceDays + 1) * DAY;
        left -= (lifetime * 2) / 3
      ) {
        this.#issue(domain.name, lifetime, left);
      }
    }
  }

  #issue(name: string, lifetime: number, until: number): Certificate {
    const random = this.#random;
    const key = this.#issued++;
    const chainId = random.hex(32);
    const notAfter = Math.floor(until / 1000) * 1000;
    const certificate: Certificate = {
      key,
      chainId,
      available: random.chance(0.9),
      notAfter,
      poison: key < POISONED ? "InvalidParam" : undefined,
      changedAt:
        this.#clock.monotonic() === 0 ? -Infinity : this.#clock.monotonic(),
      fields: {
        ChainID: random.chance(0.1) ? chainId.toUpperCase() : chainId,
        ChainIDVolc: random.hex(32),
        CertID: String(1_000_000 + key),
        CertName: `cert-${String(key)}${key % 50 === 49 ? "-root" : ""}`,
        CertDomainList: random.pick([
          [],
          [name],
          [name],
          [name, `*${name.slice(name.indexOf("."))}`],
        ]),
        NotBefore: rfc3339(notAfter - lifetime),
        NotAfter: rfc3339(notAfter),
        ProjectName: "default",
      },
    };
    this.account.certificates.set(key, certificate);
    return certificate;
  }

  #bind(domain: Domain, certificate: Certificate): void {
    const now =
      this.#clock.monotonic() === 0 ? -Infinity : this.#clock.monotonic();
    const field = this.#random.pick([
      "ChainID",
      "ChainID",
      "ChainIDVolc",
      "CertID",
    ]);
    for (const other of this.account.certificates.values()) {
      const { ChainID, ChainIDVolc, CertID } = other.fields;
      if ([ChainID, ChainIDVolc, CertID].includes(domain.boundTo))
        other.changedAt = now;
    }
    certificate.changedAt = now;
    domain.boundTo = String(certificate.fields[field]);
  }

  #unbind(domain: Domain): void {
    for (const other of this.account.certificates.values()) {
      const { ChainID, ChainIDVolc, CertID } = other.fields;
      if ([ChainID, ChainIDVolc, CertID].includes(domain.boundTo))
        other.changedAt = this.#clock.monotonic();
    }
    domain.boundTo = "";
  }

  /** Does `what` after `delay`, and tells of it. */
  #later(delay: number, kind: string, what: () => void): void {
    this.#clock.at(this.#clock.monotonic() + delay, () => {
      what();
      this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
      this.onChange();
    });
  }

  #renew(service: Service, delay: number): void {
    const { domain, lifetime } = service;
    const random = this.#random;
    service.renewing = true;
    let next: Certificate | undefined;
    this.#later(delay, "issued", () => {
      next = this.#issue(domain.name, lifetime, this.#clock.now() + lifetime);
    });
    // Most bind at once, some the next days, and some after the old one has expired and its grace is over.
    const wait = random.chance(0.85)
      ? 5000
      : random.chance(0.7)
        ? random.int(1, 48) * HOUR
        : lifetime / 3 + random.int(24, 96) * HOUR;
    this.#later(delay + wait, "bound", () => {
      if (next !== undefined && this.account.certificates.has(next.key))
        this.#bind(domain, next);
      service.current = next ?? service.current;
      service.renewing = false;
    });
  }

  /** Takes a domain out of service for a while; what it served may expire meanwhile. */
  #pause(service: Service, delay: number): void {
    const { domain, lifetime } = service;
    service.renewing = true;
    this.#later(delay, "unbound", () => {
      this.#unbind(domain);
    });
    this.#later(delay + this.#random.int(1, 200) * HOUR, "bound", () => {
      if (!this.account.certificates.has(service.current.key))
        service.current = this.#issue(
          domain.name,
          lifetime,
          this.#clock.now() + lifetime,
        );
      this.#bind(domain, service.current);
      service.renewing = false;
    });
  }

  /** Schedules what happens in the next `span` milliseconds. */
  playOn(span: number): void {
    const random = this.#random;
    for (const service of this.#services) {
      const { current, lifetime, renewing } = service;
      const due = current.notAfter - lifetime / 3;
      if (!renewing && due <= this.#clock.now() + span)
        this.#renew(service, random.next() * span);
    }
    if (random.chance(0.06)) this.disturb(span);
  }

  /** Schedules one thing, in the next `span` milliseconds, that no renewal asks for. */
  disturb(span: number): void {
    const random = this.#random;
    const { certificates, domains } = this.account;
    const delay = random.next() * span;
    const kind = random.pick(["pause", "clean up", "wrong one"]);
    if (kind === "pause") {
      this.#pause(random.pick(this.#services), delay);
    } else if (kind === "clean up") {
      this.#later(delay, "removed by hand", () => {
        const unbound = [...certificates.values()].filter(
          ({ key }) => !this.#services.some((one) => one.current.key === key),
        );
        if (unbound.length > 0) certificates.delete(random.pick(unbound).key);
      });
    } else {
      // Picked from a list by mistake: an expired certificate may come into use.
      this.#later(delay, "bound", () => {
        this.#bind(
          random.pick(domains),
          random.pick([...certificates.values()]),
        );
      });
    }
  }

  /** The vendor deletes from now on what it refused to. */
  heal(): void {
    for (const [key, certificate] of this.account.certificates)
      this.account.certificates.set(key, { ...certificate, poison: undefined });
    for (const service of this.#services)
      service.current =
        this.account.certificates.get(service.current.key) ?? service.current;
  }
}
