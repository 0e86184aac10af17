/**
 * Reads the whole account or nothing. Sources: ListCertV2, docs/6469/1126823; ListDomainDetail, docs/6469/1126815.
 * DescribeCertDetailSecretV2 is never called: its answer may carry a private key.
 */
import {
  isObject,
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
import type { LiveApi } from "./live-api.ts";
import type { Pacer } from "./pacer.ts";

const CERTIFICATES_A_PAGE = 100;
const DOMAINS_A_PAGE = 1000;
/** Beyond this a listing cannot end within the life of its evidence, or never ends. */
const MAX_PAGES = 1000;
const PAGES_AHEAD = 8;
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

interface Page {
  readonly items: readonly unknown[];
  readonly total: number | undefined;
}

interface Pages extends Page {
  /** All pages had the same `Total`, or none: nothing came or went in between, which would have shifted items past us. */
  readonly settled: boolean;
}

function incomplete(what: string): VendorFailure {
  return new VendorFailure(`${what}, so there is no complete evidence.`, {
    kind: "incomplete-listing",
    outcome: "answered",
  });
}

/** An item as text, to tell it from others; one that is nested too deeply for that is no item. */
function textOf(item: unknown): string {
  try {
    return JSON.stringify(item);
  } catch {
    throw incomplete("Volcengine gave something nested too deeply to be read");
  }
}

function readPage(result: unknown, action: string, list: string): Page {
  const items = isObject(result) ? (result[list] ?? []) : undefined;
  if (!isObject(result) || !Array.isArray(items)) {
    throw incomplete(`${action} answered without a readable ${list}`);
  }
  const total = result["Total"] ?? undefined;
  if (total === undefined) return { items, total };
  if (typeof total !== "number" || !Number.isSafeInteger(total) || total < 0) {
    throw incomplete(`${action} answered with a Total that is no count`);
  }
  return { items, total };
}

/**
 * Reads all pages, several at a time as far as `Total` says that there are more, and one by one beyond, since it may lie.
 * Ends at an empty page, one that repeats an earlier one, or a short one that `Total` agrees with;
 * a page longer than asked means that paging was ignored and that it holds everything.
 */
async function readPages(
  action: string,
  pageSize: number,
  fetchPage: (pageNum: number) => Promise<Page>,
): Promise<Pages> {
  const first = await fetchPage(1);
  if (first.items.length > pageSize) return { ...first, settled: true };
  const pages = new Map<number, Page>();
  const totals: (number | undefined)[] = [];
  const seen = new Set<string>();
  let next = 2;
  let end = Infinity;
  let came = 0;
  let inFlight = 0;
  const take = (pageNum: number, page: Page): void => {
    totals[pageNum - 1] = page.total;
    const key = textOf([page.items.length, page.items[0], page.items.at(-1)]);
    if (page.items.length === 0 || seen.has(key)) {
      end = Math.min(end, pageNum - 1);
      return;
    }
    seen.add(key);
    pages.set(pageNum, page);
    came += page.items.length;
  };
  const isMore = (): boolean => {
    if (next > end) return false;
    const promised = Math.ceil((first.total ?? 0) / pageSize);
    const last = pages.get(next - 1);
    return (
      next <= promised ||
      (last !== undefined &&
        (last.items.length >= pageSize ||
          last.total === undefined ||
          (inFlight === 0 && came < last.total)))
    );
  };
  const worker = async (): Promise<void> => {
    while (isMore()) {
      if (next > MAX_PAGES) {
        throw incomplete(`${action} has more than ${String(MAX_PAGES)} pages`);
      }
      const pageNum = next++;
      inFlight += 1;
      const page = await fetchPage(pageNum);
      inFlight -= 1;
      take(pageNum, page);
    }
  };
  take(1, first);
  await Promise.all(Array.from({ length: PAGES_AHEAD }, worker));
  const kept = [...pages.entries()]
    .filter(([pageNum]) => pageNum <= end)
    .sort(([a], [b]) => a - b)
    .map(([, page]) => page);
  return {
    items: kept.flatMap((page) => page.items),
    // A page that ended the listing counts as well: it may be the only one that says that there is more.
    total: totals.findLast((total) => total !== undefined),
    settled: totals.every((total) => total === first.total),
  };
}

export function createObserver(parts: ObserverParts): Observer {
  const { clock } = parts;

  /**
   * One reading; notes which version of the secret signed it and the last request id. With `mayShift` certificates
   * may come and go meanwhile: one that is missed is kept, and so is what only its identifiers would have cleared.
   */
  const reading = (deadline: Deadline, mayShift: boolean) => {
    const versions = new Set<string>();
    let requestId = "";

    const list = async (
      action: string,
      listName: string,
      pageSize: number,
      pacer: Pacer,
      filter: Readonly<Record<string, unknown>>,
    ): Promise<Pages> =>
      readPages(action, pageSize, async (pageNum) => {
        const answer = await parts.api.call(
          action,
          { ...filter, PageNum: pageNum, PageSize: pageSize },
          { deadline, pacer, maxBytes: LIST_BYTES },
        );
        const { vendorTime } = answer;
        if (
          vendorTime === undefined ||
          Math.abs(vendorTime - clock.now()) > CLOCK_TOLERANCE_MS
        ) {
          throw new VendorFailure(
            vendorTime === undefined
              ? "Volcengine answered without a Date, so whether a certificate has expired cannot be told."
              : "Volcengine's clock and ours differ by more than 5 minutes, so whether a certificate has expired cannot be told.",
            {
              kind: "clock-off",
              outcome: "answered",
              requestId: answer.requestId,
            },
          );
        }
        versions.add(answer.secretVersion);
        requestId = answer.requestId;
        return readPage(answer.result, action, listName);
      });

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
      async certificates(): Promise<Listing[]> {
        const scopes =
          parts.projectNames.length === 0
            ? [{}]
            : parts.projectNames.map((ProjectName) => ({ ProjectName }));
        return Promise.all(
          scopes.flatMap((scope) =>
            [true, false].flatMap((available) =>
              [true, false].map(async (expiring) => {
                const { items, total, settled } = await list(
                  "ListCertV2",
                  "CertList",
                  CERTIFICATES_A_PAGE,
                  parts.certificatePacer,
                  { ...scope, Available: available, Expiring: expiring },
                );
                if (!settled && !mayShift) {
                  throw incomplete("ListCertV2 changed while it was read");
                }
                // Twins count: one odd certificate must not be the end of all evidence.
                if (items.length < (total ?? 0)) {
                  throw incomplete(
                    `ListCertV2 gave ${String(items.length)} certificates of ${String(total)}`,
                  );
                }
                return { expiring, records: items.map(readCertificateRecord) };
              }),
            ),
          ),
        );
      },
      async domains(): Promise<Domain[]> {
        const { items, total, settled } = await list(
          "ListDomainDetail",
          "DomainList",
          DOMAINS_A_PAGE,
          parts.domainPacer,
          {},
        );
        const distinct = new Set(items.map(textOf)).size;
        if (!settled) {
          throw incomplete("ListDomainDetail changed while it was read");
        }
        if (distinct !== total) {
          throw incomplete(
            `ListDomainDetail gave ${String(distinct)} domains and a Total of ${String(total ?? "nothing")}`,
          );
        }
        return items.map((item) => {
          const domain = readDomain(item);
          if (domain === undefined) {
            throw incomplete("ListDomainDetail gave a domain without a name");
          }
          return domain;
        });
      },
    };
  };

  const observeOnce = (
    deadline: Deadline,
    mayShift: boolean,
  ): Promise<Observation> => {
    const startedAt = clock.monotonic();
    return withDeadline(clock, Infinity, deadline, async (inner) => {
      const read = reading(inner, mayShift);
      const timed = async <T>(work: Promise<T>): Promise<[T, string]> => [
        await work,
        new Date(clock.now()).toISOString(),
      ];
      const [[listings, certificatesAt], [domains, domainsAt]] =
        await Promise.all([timed(read.certificates()), timed(read.domains())]);
      return {
        certificates: uniteListings(listings),
        domains,
        startedAt,
        readAt: { certificates: certificatesAt, domains: domainsAt },
        requestId: read.requestId(),
        secretVersion: read.secretVersion(),
      };
    });
  };

  /** What changed between two pages or keys is settled a moment later; what still does not add up then is no evidence. */
  const twice = async <T>(work: (again: boolean) => Promise<T>): Promise<T> => {
    try {
      return await work(false);
    } catch (failure) {
      const unsettled =
        failure instanceof VendorFailure &&
        ["incomplete-listing", "secret-changed"].includes(failure.kind);
      if (!unsettled) throw failure;
      return work(true);
    }
  };

  return {
    observe: (deadline) => twice((again) => observeOnce(deadline, again)),
    listCertificates: (deadline) =>
      twice(() =>
        withDeadline(clock, Infinity, deadline, async (inner) => {
          // Absence is what this list is asked for, so it must not have shifted.
          const read = reading(inner, false);
          const certificates = uniteListings(await read.certificates());
          read.secretVersion();
          return { certificates, requestId: read.requestId() };
        }),
      ),
  };
}
