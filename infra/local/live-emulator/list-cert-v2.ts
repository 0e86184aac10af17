import {
  instantOf,
  type Action,
  type ActionInput,
  type EmulatedCertificate,
} from "./account.ts";
import { pageOf } from "./parameters.ts";

const DAY_MS = 86_400_000;

/** `Status` at `now`: `Expire`, or the smallest of the documented spans that covers the rest of its life, or `OK`. */
function statusAt(notAfter: string, now: number): string {
  const left = instantOf(notAfter) - now;
  if (left <= 0) return "Expire";
  const days = [1, 7, 15, 30].find((span) => left <= span * DAY_MS);
  return days === undefined ? "OK" : `${String(days)}days`;
}

/** One item of `CertList`. */
function listed(certificate: EmulatedCertificate, now: number): object {
  return {
    ChainID: certificate.chainId,
    CertID: certificate.certId,
    ChainIDVolc: certificate.chainIdVolc,
    CertName: certificate.name,
    CertDomainList: certificate.domains,
    NotBefore: certificate.notBefore,
    NotAfter: certificate.notAfter,
    CreateTime: certificate.createTime,
    ProjectName: certificate.projectName,
    Status: statusAt(certificate.notAfter, now),
    ...certificate.overrides,
  };
}

/** Which values of `Available` and `Expiring` a query is about; undefined is both. */
function rangeOf({ parameters, switches }: ActionInput): {
  available: boolean | undefined;
  expiring: boolean | undefined;
} {
  const available = parameters.flag("Available");
  // Read before it is ignored: a wrong type is a failure all the same.
  const expiring = parameters.flag("Expiring") ?? false;
  const range =
    available === undefined
      ? {
          available: switches.emptyFilter === "all" ? undefined : true,
          expiring:
            switches.emptyFilter === "enabled-unexpired" ? false : undefined,
        }
      : { available, expiring };
  return switches.ignoreExpiringFilter
    ? { ...range, expiring: undefined }
    : range;
}

function matcherOf(
  input: ActionInput,
): (certificate: EmulatedCertificate) => boolean {
  const { parameters, now, switches } = input;
  const { available, expiring } = rangeOf(input);
  const domain = parameters.text("Domain") ?? "";
  const name = parameters.text("CertName") ?? "";
  const project = parameters.text("ProjectName") ?? "";
  const isIn = (one: { available: boolean; expiring: boolean }): boolean =>
    (available === undefined || one.available === available) &&
    (expiring === undefined || one.expiring === expiring);
  return (certificate) =>
    (certificate.listedIn === undefined
      ? isIn({
          available: certificate.available,
          expiring: instantOf(certificate.notAfter) <= now,
        })
      : certificate.listedIn.some((one) =>
          switches.ignoreExpiringFilter
            ? available === undefined || one.available === available
            : isIn(one),
        )) &&
    (domain === "" || certificate.domains.includes(domain)) &&
    (name === "" || certificate.name.includes(name)) &&
    (project === "" ||
      certificate.projectName === project ||
      certificate.ignoresProjectFilter === true);
}

/**
 * ListCertV2, docs/6469/1126823. `Expiring: true` means expired, and is only looked at when `Available` is sent.
 * `Total` and `ExpirationInfo` count the whole query, not the page.
 */
export const listCertV2: Action = (input) => {
  const { parameters, account, switches, now } = input;
  const found = account.certificates.filter(matcherOf(input));
  const { page, counted } = pageOf(parameters, found, switches);
  let [active, closing, expired] = [0, 0, 0];
  for (const { notAfter } of found) {
    const left = instantOf(notAfter) - now;
    if (left <= 0) expired += 1;
    else active += 1;
    if (left > 0 && left <= 30 * DAY_MS) closing += 1;
  }
  const empty = { array: [], null: null, absent: undefined };
  return {
    CertList:
      page.length === 0
        ? empty[switches.certListWhenEmpty]
        : page.map((certificate) => listed(certificate, now)),
    ...counted,
    ExpirationInfo: {
      ActiveNum: active,
      ClosingExpireNum: closing,
      ExpireNum: expired,
    },
  };
};
