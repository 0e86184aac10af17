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
import { VendorFailure } from "../janitor/failure.ts";
import { withDeadline } from "../janitor/deadline.ts";
import type {
  Clock,
  Deadline,
  Observation,
  Observer,
} from "../janitor/ports.ts";
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

/** A reading under way: all its calls share a deadline, and have to be signed by one version of the secret. */
interface Reading {
  readonly parts: ObserverParts;
  readonly deadline: Deadline;
  readonly versions: Set<string>;
  /** Of the last answer. */
  requestId: string;
}

/** Runs `read` under a deadline of its own, so that nothing of a reading that failed goes on. */
function reading<T>(
  parts: ObserverParts,
  deadline: Deadline,
  read: (reading: Reading) => Promise<T>,
): Promise<T> {
  return withDeadline(parts.clock, Infinity, deadline, (inner) =>
    read({ parts, deadline: inner, versions: new Set(), requestId: "" }),
  );
}

async function list(
  reading: Reading,
  paging: Paging,
  pacer: Pacer,
  filter: Readonly<Record<string, unknown>>,
): Promise<Listed> {
  const { parts, deadline, versions } = reading;
  const pages = await readPages(paging, async (pageNum) => {
    const answer = await parts.api.call(
      paging.action,
      { ...filter, PageNum: pageNum, PageSize: paging.pageSize },
      { deadline, pacer, maxBytes: LIST_BYTES },
    );
    checkClock(answer, parts.clock.now());
    versions.add(answer.secretVersion);
    reading.requestId = answer.requestId;
    return readPage(answer.result, pageNum, paging);
  });
  return {
    ...pages,
    action: paging.action,
    name: JSON.stringify([paging.action, filter]),
    expiring: filter["Expiring"] === true,
  };
}

/** All listings of certificates: no filter of the vendor's may hide one, and which of them has one is evidence itself. */
function listCertificates(reading: Reading): Promise<Listed[]> {
  const { projectNames, certificatePacer } = reading.parts;
  const scopes =
    projectNames.length === 0
      ? [{}]
      : projectNames.map((ProjectName) => ({ ProjectName }));
  const filters = scopes.flatMap((scope) =>
    [true, false].flatMap((Available) =>
      [true, false].map((Expiring) => ({ ...scope, Available, Expiring })),
    ),
  );
  return Promise.all(
    filters.map((filter) =>
      list(reading, CERTIFICATES, certificatePacer, filter),
    ),
  );
}

/** The one version of the secret that signed all of a reading. */
function versionOf({ versions }: Reading): string {
  const [version, ...others] = versions;
  if (version === undefined || others.length > 0) {
    throw new VendorFailure(
      "The secret changed while the account was being read.",
      { kind: "secret-changed", outcome: "not done" },
    );
  }
  return version;
}

/** `seen` and `again` as {@link twice} gives them. */
function observeOnce(
  parts: ObserverParts,
  deadline: Deadline,
  seen: Set<string>,
  again: boolean,
): Promise<Observation> {
  const { clock, domainPacer } = parts;
  const startedAt = clock.monotonic();
  const timed = async <T>(work: Promise<T>): Promise<[T, string]> => [
    await work,
    new Date(clock.now()).toISOString(),
  ];
  return reading(parts, deadline, async (read) => {
    const [[listings, certificatesAt], [domains, domainsAt]] =
      await Promise.all([
        timed(listCertificates(read)),
        timed(list(read, DOMAINS, domainPacer, {})),
      ]);
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
      requestId: read.requestId,
      secretVersion: versionOf(read),
    };
  });
}

/** What changed between two pages or keys is settled a moment later; what still does not add up then is no evidence. */
async function twice<T>(
  work: (seen: Set<string>, again: boolean) => Promise<T>,
): Promise<T> {
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
}

/** Reads the account over the vendor's listings, each action at its own pace. */
export function createObserver(parts: ObserverParts): Observer {
  return {
    observe: (deadline) =>
      twice((seen, again) => observeOnce(parts, deadline, seen, again)),
    listCertificates: (deadline) =>
      twice((seen) =>
        reading(parts, deadline, async (read) => {
          const listings = await listCertificates(read);
          // Absence is what this list is asked for, so it must not have shifted.
          const [shifted] = listings.filter(shiftedBeside(seen));
          if (shifted !== undefined) throw changed(shifted);
          const certificates = uniteListings(listings.map(recordsOf));
          versionOf(read);
          return { certificates, requestId: read.requestId };
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
    // Stryker disable next-line ConditionalExpression: no time is near to none; only the compiler needs the test
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
