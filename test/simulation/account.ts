/** The truth at the vendor: certificates and domains of one account, and a generator dense in near-collisions. */
import type { Random } from "./random.ts";

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
  readonly poison: string | undefined;
  /** When it last changed, in virtual time: renewal, binding, unbinding. */
  changedAt: number;
}

export interface Domain {
  readonly name: string;
  /** The identifier as listed. */
  boundTo: string;
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
  /** How many certificates refuse to be deleted; below ten, so that no run takes the vendor for ill. */
  readonly poisoned: number;
  /** Probability of all that keeps a certificate, beside validity. */
  readonly trouble: number;
}

export function createAccount(
  random: Random,
  options: AccountOptions,
): Account {
  const { size, now, trouble } = options;
  const certificates = new Map<number, Certificate>();
  const domains: Domain[] = [];
  const domainCount = random.int(0, Math.max(3, Math.min(60, size)));
  for (let i = 0; i < domainCount; i++) {
    const name = `${random.pick(["live", "push", "pull"])}${String(i)}.example${String(random.int(1, 3))}.com`;
    domains.push({ name, boundTo: "", fields: {} });
  }
  const domainName = (): string => {
    if (domains.length === 0 || random.chance(trouble * 0.3))
      return `old${String(random.int(0, 9))}.gone.com`;
    const { name } = random.pick(domains);
    return random.chance(0.1) ? name.toUpperCase() : name;
  };
  let poison = options.poisoned;
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
    if (names.length > 0 && random.chance(0.25)) {
      names.push(`*.example${String(random.int(1, 3))}.com`);
    }
    const fields: Raw = {
      ChainID: random.chance(0.1) ? chainId.toUpperCase() : chainId,
      ChainIDVolc: random.chance(0.2) ? "" : random.hex(32),
      CertID: random.chance(0.1) ? "" : String(random.int(1e6, 9e6)),
      CertName: `cert-${String(key)}${random.chance(0.1) ? "-root" : ""}`,
      CertDomainList:
        names.length === 0
          ? random.pick<unknown>([[], null, undefined])
          : names,
      NotBefore: rfc3339(notAfter - 90 * DAY, random),
      NotAfter: rfc3339(notAfter, random),
      CreateTime: "a day in spring",
      ProjectName: random.pick(options.projects),
    };
    const bad = random.chance(trouble * 0.25);
    if (bad) malform(fields, random);
    const poisoned =
      !bad && poison > 0 && random.chance(0.3) ? poison-- > 0 : false;
    certificates.set(key, {
      key,
      chainId,
      available: random.chance(0.85),
      notAfter,
      fields,
      poison: poisoned
        ? random.pick([
            "InvalidParam",
            "RequestForbidden.AccountIDNotAllow",
            "CommonErr",
            "InternalError.DB",
            "SomethingNew",
          ])
        : undefined,
      changedAt: -Infinity,
    });
  }
  entangle({ certificates, domains }, random, trouble);
  return { certificates, domains };
}

/** Binds domains, and makes identifiers and chain ids collide. */
function entangle(account: Account, random: Random, trouble: number): void {
  const all = [...account.certificates.values()];
  for (const domain of account.domains) {
    if (random.chance(0.45)) continue;
    const { fields } = random.pick(all);
    const id = fields[random.pick(["ChainID", "ChainIDVolc", "CertID"])];
    domain.boundTo = typeof id === "string" ? id : "";
    if (random.chance(0.2)) domain.boundTo = domain.boundTo.toUpperCase();
    if (random.chance(0.5)) domain.fields["CertDomain"] = "*.example1.com";
  }
  if (account.domains.length > 0 && random.chance(trouble * 0.5)) {
    const domain = random.pick(account.domains);
    if (random.chance(0.5)) domain.boundTo = "21614";
    else {
      domain.boundTo = "";
      domain.fields["CertDomain"] = "*.example2.com";
    }
  } else {
    // An unknown binding keeps every certificate without a name: most accounts should not have one.
    for (const domain of account.domains) {
      if (domain.boundTo === "") delete domain.fields["CertDomain"];
    }
  }
  if (random.chance(trouble * 0.5)) {
    const a = random.pick(all);
    const b = random.pick(all);
    if (random.chance(0.5)) a.fields["ChainIDVolc"] = b.fields["ChainID"];
    else a.fields["CertID"] = b.fields["CertID"];
  }
  if (random.chance(trouble * 0.5)) {
    const original = random.pick(all);
    const key = all.length;
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

/** The record as an honest listing shows it at `now`. */
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
