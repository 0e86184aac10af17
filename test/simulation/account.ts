/** The truth at the vendor: certificates and domains of one account, and a generator dense in near-collisions. */
import { domainToASCII } from "node:url";
import type { Unkind } from "../../infra/local/live-emulator/unkind.ts";
import type { Random } from "./random.ts";
import { comparing, covers } from "./statement.ts";

export type Raw = Record<string, unknown>;

export interface Certificate {
  /** Tells records apart that share a chain id. */
  readonly key: number;
  /** What the vendor knows it by; DeleteCert compares it. */
  readonly chainId: string;
  readonly available: boolean;
  /** True expiry, which the vendor's own filter and Status follow. */
  notAfter: number;
  /** Fields as listed; a field given here wins over what the vendor computes. */
  readonly fields: Raw;
  /** Error code with which every DeleteCert of it fails. */
  poison: string | undefined;
  /** When it last changed, in virtual time: renewal, binding, unbinding. */
  changedAt: number;
  /** What the vendor's filter takes it for, where that is not what its expiry says. */
  readonly filedAsExpired?: boolean | undefined;
  /** The record of before a renewal, which the expired listings show until then. */
  stale?: Stale | undefined;
  /** Deleted, though still listed. */
  goneAt?: number | undefined;
}

interface Stale {
  readonly notAfter: number;
  readonly fields: Raw;
  /** Virtual time. */
  readonly until: number;
}

export interface Domain {
  readonly name: string;
  /** The identifier as listed. */
  boundTo: string;
  /** The key of the certificate that it really serves; undefined for none. */
  bound?: number | undefined;
  /** The key that we use may not see it. */
  readonly hidden?: boolean;
  /** It has two rows. */
  readonly twin?: boolean;
  readonly fields: Raw;
}

export interface Account {
  readonly certificates: Map<number, Certificate>;
  readonly domains: Domain[];
}

export const DAY = 86_400_000;

function rfc3339(time: number, random: Random): string {
  const whole = new Date(Math.floor(time / 1000) * 1000).toISOString();
  if (random.chance(0.9)) return whole.replace(".000Z", "Z");
  // The same moment, written in another zone.
  return new Date(Date.parse(whole) + 8 * 3_600_000)
    .toISOString()
    .replace(".000Z", "+08:00");
}

const BAD_DATES = [
  "",
  "0001-01-01T00:00:00Z",
  "1970-01-01T00:00:00Z",
  "2024-02-30T00:00:00Z",
  "2024-08-18T07:19:00",
  "2024-08-18 07:19:00Z",
  "Aug 18 2024",
  "2024-13-01T00:00:00Z",
];

/** Cut at 40 characters, the first ends in an emoji. */
const AWKWARD = [
  `${"n".repeat(39)}😀`,
  `${"n".repeat(39)}\ud83d`,
  "\ude00 never \uffff",
  "a line\nand another",
  "turned \u202e around",
];

/** Breaks a record in one of the ways in which records are broken. */
function malform(fields: Raw, random: Random): void {
  switch (random.int(0, 7)) {
    case 0:
      fields[random.pick(["NotBefore", "NotAfter", "Status"])] = random.pick([
        null,
        undefined,
        7,
        {},
      ]);
      break;
    case 1:
      fields["ChainID"] = random.pick(["", "21614", random.hex(31), null, 5]);
      break;
    case 2:
      fields["CertDomainList"] = random.pick<unknown>([
        "a.example.com",
        [5],
        {},
      ]);
      break;
    case 3:
      fields["NotAfter"] = random.pick(BAD_DATES);
      break;
    case 4:
      fields["NotBefore"] = random.pick(BAD_DATES);
      break;
    case 5:
      fields["Status"] = random.pick(["OK", "expire", "Expired", "7days", ""]);
      break;
    case 6:
      fields["NotBefore"] = fields["NotAfter"];
      break;
    default:
      fields["NotBefore"] = "2099-01-01T00:00:00Z";
  }
}

export interface AccountOptions {
  readonly size: number;
  readonly now: number;
  readonly graceDays: number;
  readonly projects: readonly string[];
  readonly unkind: ReadonlySet<Unkind>;
  /** Probability of all that keeps a certificate, beside validity. */
  readonly trouble: number;
}

/** A name as somebody may have written it. */
function spelled(name: string, random: Random): string {
  const wildcard = name.startsWith("*.") ? "*." : "";
  const host = name.slice(wildcard.length);
  return (
    wildcard +
    random.pick([
      host,
      host,
      domainToASCII(host),
      domainToASCII(host),
      host.toUpperCase(),
      `${host}.`,
    ])
  );
}

export function createAccount(
  random: Random,
  options: AccountOptions,
): Account {
  const { size, now, trouble, unkind } = options;
  const certificates = new Map<number, Certificate>();
  const domains: Domain[] = [];
  const respelled = unkind.has("names-respelled");
  const zones = respelled
    ? ["例子1.com", "bücher2.example", "example3.com"]
    : ["example1.com", "example2.com", "example3.com"];
  const spell = (name: string): string =>
    respelled
      ? spelled(name, random)
      : random.chance(0.1)
        ? name.toUpperCase()
        : name;
  const hides = unkind.has("domains-hidden-some") ? 0.3 : 0;
  const domainCount = random.int(0, Math.max(3, Math.min(60, size)));
  for (let i = 0; i < domainCount; i++) {
    const name = `${random.pick(["live", "push", "pull"])}${String(i)}.${random.pick(zones)}`;
    domains.push({
      name,
      boundTo: "",
      bound: undefined,
      hidden: unkind.has("domains-hidden-all") || random.chance(hides),
      twin: unkind.has("domain-twins") && random.chance(0.2),
      fields: respelled ? { Domain: spelled(name, random) } : {},
    });
  }
  const domainName = (): string => {
    if (domains.length === 0 || random.chance(trouble * 0.3))
      return `old${String(random.int(0, 9))}.gone.com`;
    return spell(random.pick(domains).name);
  };
  for (let key = 0; key < size; key++) {
    const chainId = random.hex(32);
    const age = random.chance(0.65)
      ? random.int(options.graceDays + 1, options.graceDays + 400) * DAY
      : random.chance(0.5)
        ? -random.int(1, 200) * DAY
        : random.int(0, 2 * options.graceDays + 1) * DAY +
          random.int(-60, 60) * 1000;
    const notAfter = Math.floor((now - age) / 1000) * 1000;
    const names = random.chance(0.35)
      ? []
      : Array.from({ length: random.int(1, 3) }, domainName);
    if (names.length > 0 && random.chance(0.3)) {
      const zone = random.pick(zones);
      names.push(spell(`*.${zone}`));
      if (random.chance(0.5)) names.push(spell(zone));
    }
    const fields: Raw = {
      ChainID: random.chance(0.1) ? chainId.toUpperCase() : chainId,
      ChainIDVolc: random.chance(0.2) ? "" : random.hex(32),
      CertID: random.chance(0.1) ? "" : String(random.int(1e6, 9e6)),
      CertName:
        unkind.has("names-awkward") && random.chance(0.3)
          ? random.pick(AWKWARD)
          : random.chance(0.1)
            ? spell(`live.${random.pick(zones)}`)
            : `cert-${String(key)}${random.chance(0.1) ? "-root" : ""}`,
      CertDomainList:
        names.length === 0
          ? random.pick<unknown>([[], null, undefined])
          : names,
      NotBefore: rfc3339(notAfter - 90 * DAY, random),
      NotAfter: rfc3339(notAfter, random),
      CreateTime: "a day in spring",
      ProjectName: random.pick(options.projects),
    };
    if (random.chance(trouble * 0.25)) malform(fields, random);
    const certificate: Certificate = {
      key,
      chainId,
      available: random.chance(0.85),
      notAfter,
      fields,
      poison: undefined,
      changedAt: -Infinity,
      filedAsExpired:
        unkind.has("misfiled") && random.chance(0.15)
          ? notAfter > now
          : undefined,
    };
    certificates.set(key, certificate);
    if (unkind.has("stale-beside-renewed") && age > 0 && random.chance(0.2))
      renew(certificate, now, {
        staleUntil: random.pick([Infinity, 60_000, 8_000]),
      });
  }
  entangle({ certificates, domains }, random, trouble, unkind);
  return { certificates, domains };
}

/** Renews under the same chain id; the record of before stays among the expired until `staleUntil`, in virtual time. */
export function renew(
  certificate: Certificate,
  wall: number,
  {
    days = 90,
    staleUntil,
  }: { days?: number; staleUntil?: number | undefined } = {},
): void {
  const { fields, notAfter } = certificate;
  if (staleUntil !== undefined)
    certificate.stale = { notAfter, fields: { ...fields }, until: staleUntil };
  const zulu = (time: number): string =>
    new Date(time).toISOString().replace(".000", "");
  certificate.notAfter = Math.floor(wall / 1000) * 1000 + days * DAY;
  fields["NotAfter"] = zulu(certificate.notAfter);
  if (days < 90) fields["NotBefore"] = zulu(certificate.notAfter - days * DAY);
}

/** The names of a certificate in the comparing form. */
export function namesOf({ fields }: Certificate): string[] {
  const list = fields["CertDomainList"];
  return Array.isArray(list)
    ? list.flatMap((name: unknown) =>
        typeof name === "string" ? [comparing(name)] : [],
      )
    : [];
}

/** Certificates that can serve a domain: they cover it, or nothing is said of what they cover. */
export function serving(
  all: readonly Certificate[],
  name: string,
): Certificate[] {
  const compared = comparing(name);
  return all.filter((certificate) => {
    const names = namesOf(certificate);
    return (
      names.length === 0 || names.some((covering) => covers(covering, compared))
    );
  });
}

/** Binds domains, and makes identifiers and chain ids collide. */
function entangle(
  account: Account,
  random: Random,
  trouble: number,
  unkind: ReadonlySet<Unkind>,
): void {
  const all = [...account.certificates.values()];
  const { domains } = account;
  for (const domain of domains) {
    if (random.chance(0.45)) continue;
    const fitting = serving(all, domain.name);
    // What is bound to a domain covers it; what is out of sight can be told by nothing else.
    const certificate =
      fitting.length > 0 && (domain.hidden === true || random.chance(0.7))
        ? random.pick(fitting)
        : random.pick(all);
    const id =
      certificate.fields[
        unkind.has("bound-by-three-identifiers")
          ? random.pick(["ChainID", "ChainIDVolc", "CertID"])
          : "ChainID"
      ];
    domain.boundTo = typeof id === "string" ? id : "";
    if (domain.boundTo !== "" && (!domain.hidden || fitting.length > 0))
      domain.bound = certificate.key;
    if (random.chance(0.2)) domain.boundTo = domain.boundTo.toUpperCase();
    if (random.chance(0.5)) domain.fields["CertDomain"] = "*.example1.com";
  }
  for (const domain of domains) {
    // An unknown binding keeps every certificate without a name: most accounts should not have one.
    if (domain.boundTo === "") delete domain.fields["CertDomain"];
  }
  const inAnotherLanguage = unkind.has("bound-in-another-language")
    ? random.int(2, 5)
    : Number(random.chance(trouble * 0.5));
  for (let n = inAnotherLanguage; n > 0 && domains.length > 0; n--) {
    const domain = random.pick(domains);
    const fitting = serving(all, domain.name);
    domain.bound = fitting.length > 0 ? random.pick(fitting).key : undefined;
    if (random.chance(0.5)) domain.boundTo = "30721";
    else {
      domain.boundTo = "";
      domain.fields["CertDomain"] = "*.example2.com";
    }
  }
  if (random.chance(trouble * 0.5)) {
    const a = random.pick(all);
    const b = random.pick(all);
    const [field, taken] = random.chance(0.5)
      ? (["ChainIDVolc", b.fields["ChainID"]] as const)
      : (["CertID", b.fields["CertID"]] as const);
    const before = a.fields[field];
    if (typeof taken === "string" && taken !== "") a.fields[field] = taken;
    for (const domain of domains) {
      const same =
        domain.boundTo.toLowerCase() === String(before).toLowerCase();
      if (domain.bound === a.key && same)
        domain.boundTo = String(a.fields[field]);
    }
  }
  const twins = unkind.has("certificate-twins") ? random.int(1, 4) : 0;
  for (let n = 0; n < twins; n++) {
    const original = random.pick(all);
    const key = all.length + n;
    account.certificates.set(key, {
      ...original,
      key,
      fields: {
        ...original.fields,
        ...random.pick<Raw>([
          {},
          { CertName: "another" },
          { Status: "OK" },
          { ChainID: original.chainId.toUpperCase() },
        ]),
      },
    });
  }
}

/** All identifiers of a certificate, lower-cased. */
export function identifiers({ fields, chainId }: Certificate): Set<string> {
  return new Set(
    [chainId, fields["ChainID"], fields["ChainIDVolc"], fields["CertID"]]
      .filter((id): id is string => typeof id === "string" && id !== "")
      .map((id) => id.toLowerCase()),
  );
}

/** The record as the vendor's listings show it at `now`. */
export function recordOf(certificate: Certificate, now: number): Raw {
  const days = (certificate.notAfter - now) / DAY;
  const closing = [1, 7, 15, 30].find((limit) => days <= limit);
  return {
    Status:
      days <= 0
        ? "Expire"
        : closing === undefined
          ? "OK"
          : `${String(closing)}days`,
    ...certificate.fields,
  };
}

/** The domain as an honest listing shows it. */
export function domainRecord({ name, boundTo, fields }: Domain): Raw {
  return {
    Domain: name,
    ChainID: boundTo,
    CertDomain: "",
    Status: 0,
    ...fields,
  };
}
