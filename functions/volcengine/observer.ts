/**
 * Reads the whole account or nothing. Sources: ListCertV2, docs/6469/1126823; ListDomainDetail, docs/6469/1126815.
 * DescribeCertDetailSecretV2 is never called: its answer may carry a private key.
 */
import {
  readCertificateRecord,
  uniteListings,
  type Listing,
} from "../janitor/certificate.ts";
import { readDomain, type Domain } from "../janitor/in-use.ts";
import {
  VendorFailure,
  withDeadline,
  type Clock,
  type Deadline,
  type Observation,
  type Observer,
} from "../janitor/vendor.ts";
import type { LiveAnswer, LiveApi } from "./live-api.ts";
import type { Pacer } from "./pacer.ts";
import {
  incomplete,
  readPage,
  readPages,
  type Pages,
  type Paging,
} from "./pages.ts";

const LIST_BYTES = 8 * 1024 * 1024;
const CLOCK_TOLERANCE_MS = 5 * 60_000;

export interface ObserverParts {
  readonly api: LiveApi;
  readonly clock: Clock;
  readonly certificatePacer: Pacer;
  readonly domainPacer: Pacer;
  /** One round of listings for each; empty: one without a project. */
  readonly projectNames: readonly string[];
}

const CERTIFICATES: Paging = {
  action: "ListCertV2",
  list: "CertList",
  key: "ChainID",
  pageSize: 100,
};

const DOMAINS: Paging = {
  action: "ListDomainDetail",
  list: "DomainList",
  key: "Domain",
  pageSize: 1000,
};

/** One listing as it was read, and its name among the listings of a reading. */
interface Listed extends Pages {
  readonly action: string;
  readonly name: string;
  readonly expiring: boolean;
}

export function createObserver(parts: ObserverParts): Observer {
  const { clock } = parts;

  /** One reading; notes which version of the secret signed it and the last request id. */
  const reading = (deadline: Deadline) => {
    const versions = new Set<string>();
    let requestId = "";

    const list = async (
      paging: Paging,
      pacer: Pacer,
      filter: Readonly<Record<string, unknown>>,
    ): Promise<Listed> => {
      const pages = await readPages(paging, async (pageNum) => {
        const answer = await parts.api.call(
          paging.action,
          { ...filter, PageNum: pageNum, PageSize: paging.pageSize },
          { deadline, pacer, maxBytes: LIST_BYTES },
        );
        checkClock(answer, clock.now());
        versions.add(answer.secretVersion);
        requestId = answer.requestId;
        return readPage(answer.result, pageNum, paging);
      });
      return {
        ...pages,
        action: paging.action,
        name: JSON.stringify([paging.action, filter]),
        expiring: filter["Expiring"] === true,
      };
    };

    return {
      secretVersion(): string {
        const [version, ...others] = versions;
        if (version === undefined || others.length > 0) {
          throw new VendorFailure(
            "The secret changed while the account was being read.",
            { kind: "secret-changed", outcome: "not done" },
          );
        }
        return version;
      },
      requestId: () => requestId,
      certificates(): Promise<Listed[]> {
        const scopes =
          parts.projectNames.length === 0
            ? [{}]
            : parts.projectNames.map((ProjectName) => ({ ProjectName }));
        return Promise.all(
          scopes.flatMap((scope) =>
            [true, false].flatMap((Available) =>
              [true, false].map((Expiring) =>
                list(CERTIFICATES, parts.certificatePacer, {
                  ...scope,
                  Available,
                  Expiring,
                }),
              ),
            ),
          ),
        );
      },
      domains: () => list(DOMAINS, parts.domainPacer, {}),
    };
  };

  const observeOnce = (
    deadline: Deadline,
    seen: Set<string>,
    again: boolean,
  ): Promise<Observation> => {
    const startedAt = clock.monotonic();
    return withDeadline(clock, Infinity, deadline, async (inner) => {
      const read = reading(inner);
      const timed = async <T>(work: Promise<T>): Promise<[T, string]> => [
        await work,
        new Date(clock.now()).toISOString(),
      ];
      const [[listings, certificatesAt], [domains, domainsAt]] =
        await Promise.all([timed(read.certificates()), timed(read.domains())]);
      const shifted = [...listings, domains].filter(shiftedBeside(seen));
      // Read once more, what expired may still come and go: one that is missed is kept, and so is what only its
      // identifiers would have cleared. The unexpired and the domains are what speaks against a deletion.
      const fatal = shifted.find(({ expiring }) => !again || !expiring);
      if (fatal !== undefined) throw changed(fatal);
      return {
        certificates: uniteListings(listings.map(recordsOf)),
        domains: domainsOf(domains),
        isSettled: shifted.length === 0,
        startedAt,
        readAt: { certificates: certificatesAt, domains: domainsAt },
        requestId: read.requestId(),
        secretVersion: read.secretVersion(),
      };
    });
  };

  /** What changed between two pages or keys is settled a moment later; what still does not add up then is no evidence. */
  const twice = async <T>(
    work: (seen: Set<string>, again: boolean) => Promise<T>,
  ): Promise<T> => {
    const seen = new Set<string>();
    try {
      return await work(seen, false);
    } catch (failure) {
      const unsettled =
        failure instanceof VendorFailure &&
        ["incomplete-listing", "secret-changed"].includes(failure.kind);
      if (!unsettled) throw failure;
      return work(seen, true);
    }
  };

  return {
    observe: (deadline) =>
      twice((seen, again) => observeOnce(deadline, seen, again)),
    listCertificates: (deadline) =>
      twice((seen) =>
        withDeadline(clock, Infinity, deadline, async (inner) => {
          const read = reading(inner);
          const listings = await read.certificates();
          // Absence is what this list is asked for, so it must not have shifted.
          const [shifted] = listings.filter(shiftedBeside(seen));
          if (shifted !== undefined) throw changed(shifted);
          const certificates = uniteListings(listings.map(recordsOf));
          read.secretVersion();
          return { certificates, requestId: read.requestId() };
        }),
      ),
  };
}

/**
 * Whether something came or went while a listing was read, which may have moved items past us: its Totals differ, or
 * what the first reading would have had as well is new to `seen`. The vendor's own twins are on the same two pages again,
 * and pages without any Total are the same again.
 */
function shiftedBeside(seen: Set<string>): (listed: Listed) => boolean {
  return ({ name, isSteady, twins, unproven }) => {
    const marks = [...twins, ...(unproven === undefined ? [] : [unproven])];
    const fresh = marks.filter((mark) => !seen.has(name + mark));
    for (const mark of fresh) seen.add(name + mark);
    return !isSteady || fresh.length > 0;
  };
}

function changed({ action }: Listed): VendorFailure {
  return incomplete(`${action} changed while it was read`);
}

function recordsOf({ expiring, items, total, totalAtEnd }: Listed): Listing {
  // Twins count: one odd certificate must not be the end of all evidence.
  const wanted = total ?? totalAtEnd ?? 0;
  if (items.length < wanted) {
    throw incomplete(
      `ListCertV2 gave ${String(items.length)} certificates of ${String(wanted)}`,
    );
  }
  return { expiring, records: items.map(readCertificateRecord) };
}

function domainsOf({ items, total }: Listed): Domain[] {
  if (items.length !== total) {
    throw incomplete(
      `ListDomainDetail gave ${String(items.length)} domains and a Total of ${String(total ?? "nothing")}`,
    );
  }
  return items.map((item) => {
    const domain = readDomain(item);
    if (domain === undefined) {
      throw incomplete("ListDomainDetail gave a domain without a name");
    }
    return domain;
  });
}

/** Without the vendor's agreement on what time it is, whether a certificate has expired cannot be told. */
function checkClock({ vendorTime, requestId }: LiveAnswer, now: number): void {
  if (
    vendorTime !== undefined &&
    Math.abs(vendorTime - now) <= CLOCK_TOLERANCE_MS
  ) {
    return;
  }
  throw new VendorFailure(
    vendorTime === undefined
      ? "Volcengine answered without a Date, so whether a certificate has expired cannot be told."
      : "Volcengine's clock and ours differ by more than 5 minutes, so whether a certificate has expired cannot be told.",
    { kind: "clock-off", outcome: "answered", requestId },
  );
}
