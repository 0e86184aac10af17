import type {
  EmulatedCertificate,
  EmulatedDomain,
} from "./live-emulator/account.ts";

/** The account of a company that streams concerts, sports and lessons; it shows every verdict and every reason. */

const DAY_MS = 86_400_000;
const PROJECTS = ["default", "concerts"];

/** RFC 3339 in UTC, whole seconds, as Live writes it. */
function utc(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Always the same for the same number, so that people can copy an id from one start to the next. */
function hex(prefix: string, number: number): string {
  return prefix + number.toString(16).padStart(32 - prefix.length, "0");
}

/** The chain id of the n-th certificate. */
function chainIdOf(number: number): string {
  return hex("4060e26538a149e2a87b42", number);
}

/** The id of a certificate that the account does not list. */
const ELSEWHERE = "188b5c6f6b3c4772841893200000c0de";

type Given = Partial<Omit<EmulatedCertificate, "notBefore" | "notAfter">>;

/** The rules that an operator of this account would write; one of them is over. */
export const demoSettings: {
  readonly PROTECT: string;
  readonly PROJECT_NAMES: string;
} = {
  PROTECT: JSON.stringify([
    {
      match: "name",
      value: "legal-hold-*",
      owner: "legal@example.com",
    },
    {
      match: "domain",
      value: "festival-2019.example.org",
      owner: "archive team",
      until: "2024-06-30",
    },
  ]),
  PROJECT_NAMES: JSON.stringify(PROJECTS),
};

function demoDomains(): EmulatedDomain[] {
  const domain = (
    name: string,
    chainId: string,
    given: Partial<EmulatedDomain> = {},
  ): EmulatedDomain => ({
    domain: name,
    vhost: name.slice(name.indexOf(".") + 1),
    type: name.startsWith("push") ? "push" : "pull-flv",
    chainId,
    certDomain: chainId === "" ? "" : `*.${name.slice(name.indexOf(".") + 1)}`,
    status: 0,
    projectName: "default",
    ...given,
  });
  return [
    domain("push.example.com", chainIdOf(1)),
    domain("pull.example.com", chainIdOf(2)),
    domain("play.example.com", chainIdOf(3)),
    // Live identifies the certificate by its CertID here, as the sample of DescribeDomain seems to.
    domain("pull-backup.example.com", "812000004"),
    domain("push.example.net", "", { certDomain: "" }),
    domain("pull.example.net", "", { certDomain: "" }),
    domain("play.example.net", chainIdOf(5), { projectName: "concerts" }),
    // Still bound to a certificate that has expired: an outage in the making.
    domain("push-old.example.org", chainIdOf(14)),
    // In the Certificate Center's language.
    domain("play-old.example.org", hex("188b5c6f6b3c4772841893", 15), {
      status: 2,
    }),
    domain("pull.example.org", ELSEWHERE),
    // There is a certificate, but not which.
    domain("push.example.org", "", { certDomain: "push.example.org" }),
    domain("festival-2019.example.org", "", { certDomain: "", status: 2 }),
    domain("lessons.example.org", chainIdOf(7), { status: 5 }),
  ];
}

/**
 * About forty certificates and a dozen domains.
 * @param now milliseconds since the epoch; all dates lie around it
 */
export function demoAccount(now: number): {
  readonly certificates: EmulatedCertificate[];
  readonly domains: EmulatedDomain[];
} {
  let number = 0;
  /** @param ends days from now, negative for the past */
  function certificate(
    name: string,
    domains: readonly string[],
    ends: number,
    given: Given = {},
  ): EmulatedCertificate {
    number += 1;
    // Issued for 90 days, with the odd time of day that issuers choose.
    const notAfter = now + ends * DAY_MS - number * 61_000;
    const notBefore = notAfter - 90 * DAY_MS + 1000;
    return {
      chainId: chainIdOf(number),
      certId: String(812_000_000 + number),
      chainIdVolc: hex("188b5c6f6b3c4772841893", number),
      name,
      domains,
      notBefore: utc(notBefore),
      notAfter: utc(notAfter),
      createTime: utc(notBefore + 3_600_000),
      projectName: "default",
      available: true,
      ...given,
    };
  }
  /** Expired, and listed with other values than it should be. */
  function odd(
    name: string,
    domains: readonly string[],
    overrides: Readonly<Record<string, unknown>>,
  ): EmulatedCertificate {
    return certificate(name, domains, -40, { overrides });
  }

  const valid = [
    certificate("push.example.com 2026", ["push.example.com"], 62),
    certificate("pull.example.com 2026", ["pull.example.com"], 62),
    certificate("play.example.com 2026", ["play.example.com"], 12),
    certificate("pull-backup.example.com", ["pull-backup.example.com"], 5),
    certificate("concerts wildcard", ["*.example.net", "example.net"], 80, {
      projectName: "concerts",
    }),
    certificate("push.example.net, for the move", ["push.example.net"], 25),
    certificate("网课直播证书", ["lessons.example.org"], 48),
    certificate("pull.example.net, spare", ["pull.example.net"], 0.6, {
      available: false,
    }),
  ];
  const withinGrace = [
    certificate("push.example.com, last renewal", ["push.example.com"], -2),
    certificate("play.example.com, last renewal", ["play.example.com"], -6.5),
  ];
  const conflicting = [
    odd("says OK", ["push.example.com"], { Status: "OK" }),
    odd("says 7days", ["pull.example.com"], { Status: "7days" }),
    // The filter does not take it for expired.
    certificate("listed as unexpired", ["play.example.com"], -40, {
      listedIn: [{ available: true, expiring: false }],
    }),
  ];
  const inUse = [
    // Rule 1, by chain id and by the id of the Certificate Center.
    certificate("push-old.example.org", ["push-old.example.org"], -21),
    certificate("play-old.example.org", ["play-old.example.org"], -90),
    // Rule 2: the domain's certificate is none of the listed ones, or is not identified at all.
    certificate("pull.example.org 2023", ["pull.example.org"], -200),
    certificate("push.example.org 2023", ["push.example.org"], -200),
    // Names nothing, so it could be the one of pull.example.org.
    certificate("uploaded by hand", [], -300),
  ];
  const kept = [
    certificate("old-studio.example.com", ["old-studio.example.com"], -120),
    certificate("partner feed", ["feed.partner.example.net"], -33),
    certificate("legal-hold-2021", ["push.example.com"], -500),
    certificate("sports, other team", ["play.example.com"], -75, {
      projectName: "sports",
      ignoresProjectFilter: true,
    }),
  ];
  const malformed = [
    odd("short id", ["push.example.com"], { ChainID: "21614" }),
    odd("names as text", ["pull.example.com"], {
      CertDomainList: "pull.example.com",
    }),
    odd("no status", ["play.example.com"], { Status: undefined }),
    odd("no zone", ["push.example.com"], { NotAfter: "2024-02-01T08:30:00" }),
    odd("zero time", ["pull.example.com"], {
      NotAfter: "0001-01-01T00:00:00Z",
    }),
    odd("ends before it begins", ["play.example.com"], {
      NotBefore: utc(now - 10 * DAY_MS),
    }),
  ];
  const twice = certificate("listed twice", ["pull.example.com"], -44);
  const deletable = [
    // The domains they claim have newer ones: the claim is refuted.
    certificate("push.example.com spring", ["push.example.com"], -30),
    certificate("push.example.com winter", ["push.example.com"], -120),
    certificate("pull.example.com spring", ["pull.example.com"], -31),
    certificate("pull.example.com winter", ["pull.example.com"], -121),
    certificate("play.example.com spring", ["play.example.com"], -32),
    certificate("播放域名旧证书", ["play.example.com"], -122),
    // No domain has a certificate there any more.
    certificate("push.example.net 2024", ["push.example.net"], -210),
    certificate("festival 2019", ["festival-2019.example.org"], -700),
    // Wildcard lists are secured names: those of no visible domain mean nothing.
    certificate(
      "example.com wildcard 2024",
      ["*.example.com", "example.com", "www.example.com"],
      -60,
    ),
    certificate("concerts wildcard 2024", ["*.example.net"], -65, {
      projectName: "concerts",
    }),
    certificate("lessons, before renewal", ["lessons.example.org"], -14, {
      available: false,
    }),
    certificate("pull.example.net, disabled", ["pull.example.net"], -95, {
      available: false,
    }),
  ];
  const shifted = certificate("pull-backup, Shanghai time", [], -50, {
    domains: ["pull-backup.example.com"],
  });
  // The same instant in the zone that the API of 2020 wrote.
  const shanghai = (time: string): string =>
    utc(Date.parse(time) + 8 * 3_600_000).replace("Z", "+08:00");
  return {
    certificates: [
      ...valid,
      ...withinGrace,
      ...conflicting,
      ...inUse,
      ...kept,
      ...malformed,
      twice,
      { ...twice, name: "listed twice, otherwise" },
      ...deletable,
      {
        ...shifted,
        notBefore: shanghai(shifted.notBefore),
        notAfter: shanghai(shifted.notAfter),
      },
      // Renewed in time, and forgotten: the old one is still bound to play.example.com.
      certificate("play.example.com 2027", ["play.example.com"], 78),
    ],
    domains: demoDomains(),
  };
}
