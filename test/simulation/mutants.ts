/** Deliberate defects, one or more for each invariant: a simulation that overlooks one of them proves nothing. */
import { domainToASCII } from "node:url";
import type {
  Certificate,
  CertificateRecord,
} from "../../functions/janitor/certificate.ts";
import {
  VendorFailure,
  type FailureFacts,
} from "../../functions/janitor/failure.ts";
import type {
  Observation,
  Deleter,
  DeletionOrder,
} from "../../functions/janitor/ports.ts";
import type { SweepSettings } from "../../functions/janitor/sweep.ts";
import type { Policy } from "../../functions/janitor/verdict.ts";
import type { Telling } from "../../functions/host/sweep-handler.ts";
import type { Mail } from "../../functions/janitor/report-text.ts";
import type { LiveApi } from "../../functions/volcengine/live-api.ts";
import type { Faults } from "./faults.ts";
import { comparing, covers, glob } from "./statement.ts";
import type { Run, Tampering } from "./sweep-process.ts";
import { KIND } from "./vendor-records.ts";
import { NEVER_READABLE, type Lean } from "./world.ts";

export interface Mutant {
  readonly name: string;
  readonly invariant: number;
  /** The worlds that it is about, in which it is hunted. */
  readonly lean: Lean;
  /** It stood in the product once. */
  readonly wasReal?: true;
  /** A fresh one for each world. */
  tampering(): Tampering;
}

const DELETING = { dryRun: false, maxDeletions: 100_000 };
/** Little but the dates keeps a certificate. */
const OPEN = {
  unseenDomains: "ignore",
  projectNames: [],
  protect: [],
} as const;
const STRICT = { ...OPEN, unseenDomains: "keep" } as const;
/** Storms in which much is deleted. */
const storm = (over: Lean = {}): Lean => ({
  isRow: false,
  settings: DELETING,
  ...over,
});
/** Storms in which nothing fails, and nothing but the dates keeps a certificate. */
const clear = (over: Lean): Lean =>
  storm({
    trouble: 0,
    policy: { ...OPEN, graceDays: 0 },
    vendor: { faults: KIND.faults, lies: [], latency: 20, jitter: 20, skew: 0 },
    ...over,
    kind: [
      ...NEVER_READABLE,
      "bound-in-another-language",
      "certificate-twins",
      "misfiled",
      ...(over.kind ?? []),
    ],
  });
const FAILING: Faults = {
  kinds: ["reset-before", "error", "throttled"],
  rate: 0.6,
};
/** Early in the first run all falls silent. */
const SILENT: Faults = {
  kinds: ["request-lost"],
  rate: 0,
  outage: [2500, 60_000],
};
const RESPELLED = [
  { match: "domain", value: "*.例子1.com", owner: "video-team" },
  {
    match: "domain",
    value: `*.${domainToASCII("bücher2.example")}.`,
    owner: "video-team",
  },
] as const;

function observing(
  change: (observation: Observation, run: Run) => Observation,
): Tampering {
  return {
    observer: (observer, run) => ({
      ...observer,
      observe: async (deadline) =>
        change(await observer.observe(deadline), run),
    }),
  };
}

/** Certificates with other records, or none of them. */
function changingRecords(
  change: (certificate: Certificate, run: Run) => Certificate | undefined,
): Tampering {
  return observing((observation, run) => ({
    ...observation,
    certificates: observation.certificates.flatMap(
      (certificate) => change(certificate, run) ?? [],
    ),
  }));
}

/** Each record changed by itself. */
function eachRecord(
  { records: [first, ...rest] }: Certificate,
  change: (record: CertificateRecord) => CertificateRecord,
): Pick<Certificate, "records"> {
  return { records: [change(first), ...rest.map(change)] };
}

const setting = (over: Partial<SweepSettings>): Tampering => ({
  settings: (settings) => ({ ...settings, ...over }),
});

const policy = (over: Partial<Policy>): Tampering => ({
  settings: (settings) => ({
    ...settings,
    policy: { ...settings.policy, ...over },
  }),
});

/** Deletions done in another way. */
function deleting(
  change: (
    real: Deleter,
  ) => (order: DeletionOrder) => ReturnType<Deleter["deleteCertificate"]>,
): Tampering {
  return { deleter: (real) => ({ deleteCertificate: change(real) }) };
}

/** A domain that is no longer bound to anything: what covers it is refuted. */
const NOBODYS = { name: "nobodys.invalid", boundTo: "" };

/** Names that mean nothing, as though the list did not have them. */
function ignoringNames(
  isIgnored: (
    name: string,
    list: readonly string[],
    visible: readonly string[],
  ) => boolean,
): Tampering {
  return observing((observation) => {
    const visible = observation.domains.map(({ name }) => name);
    return {
      ...observation,
      domains:
        visible.length === 0
          ? observation.domains
          : [...observation.domains, NOBODYS],
      certificates: observation.certificates.map((certificate) => ({
        ...certificate,
        ...eachRecord(certificate, (record) => {
          const left = record.domains.filter(
            (name) => !isIgnored(name, record.domains, visible),
          );
          const hasNone = left.length === 0 && record.domains.length > 0;
          return { ...record, domains: hasNone ? [NOBODYS.name] : left };
        }),
      })),
    };
  });
}

/** Other words for why a deletion failed. */
function failing(
  words: (failure: VendorFailure) => Partial<FailureFacts> | undefined,
): Tampering {
  return deleting((real) => async (order) => {
    try {
      return await real.deleteCertificate(order);
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      const { kind, outcome, attempts, possiblyDone } = error;
      throw new VendorFailure(error.message, {
        ...{ kind, outcome, attempts, possiblyDone },
        ...words(error),
      });
    }
  });
}

interface Served {
  readonly action: string;
  readonly pageNum: number;
  readonly filter: string;
  /** Pages of one reading share it. */
  readonly reading: unknown;
  readonly items: readonly unknown[];
  readonly total: unknown;
}

/** Changes what the observer makes of the pages. */
function reading(
  change: (page: Served) => Partial<Pick<Served, "items" | "total">>,
): Tampering {
  return {
    listings: (api): LiveApi => ({
      async call(action, body, options) {
        const answer = await api.call(action, body, options);
        const { result } = answer;
        const list = action === "ListCertV2" ? "CertList" : "DomainList";
        const items: unknown = Reflect.get(Object(result), list) ?? [];
        if (!Array.isArray(items)) return answer;
        const page: Served = {
          action,
          pageNum: Number(body["PageNum"]),
          filter: JSON.stringify({ ...body, PageNum: 0 }),
          reading: options.deadline,
          items,
          total: Reflect.get(Object(result), "Total"),
        };
        const { items: shown, total } = { ...page, ...change(page) };
        return { ...answer, result: { [list]: shown, Total: total } };
      },
    }),
  };
}

function incomplete(): VendorFailure {
  return new VendorFailure("There is no complete evidence.", {
    kind: "incomplete-listing",
    outcome: "answered",
  });
}

/** What shows that a listing moved is smoothed away, from a reading on. */
function smoothing(
  from: number,
  isSmoothed: (filter: string) => boolean = () => true,
): Tampering {
  const readings: unknown[] = [];
  const seen = new Map<unknown, Set<string>>();
  return reading(({ action, filter, reading: deadline, items, total }) => {
    if (!readings.includes(deadline)) readings.push(deadline);
    if (action !== "ListCertV2" || !isSmoothed(filter)) return {};
    if (readings.indexOf(deadline) < from) return {};
    const names = seen.get(deadline) ?? new Set<string>();
    seen.set(deadline, names);
    const fresh = items.filter((item) => {
      const name = `${filter} ${JSON.stringify(item)}`;
      const isFresh = !names.has(name);
      names.add(name);
      return isFresh;
    });
    // The least that a Total can say, and always the same.
    return { items: fresh, total: fresh.length === 0 ? total : 1 };
  });
}

/** The table in a mail, up to the next one. */
const CONTRADICTIONS = /\nContradictory data[^]*?\n\n/;

/** A mail on its way to the topic. */
function sending(
  change: (mail: Mail, send: Telling["send"]) => Promise<void>,
): Tampering {
  return {
    telling: (telling) => ({
      ...telling,
      send: (mail) => change(mail, telling.send),
    }),
  };
}

const isUnicode = (text: string): boolean => /[^\0-\x7f]/.test(text);

export const MUTANTS: readonly Mutant[] = [
  {
    name: "the grace is not respected",
    invariant: 1,
    lean: storm({ policy: { graceDays: 30 } }),
    tampering: () => policy({ graceDays: 0 }),
  },
  {
    name: "the vendor's filter is not asked",
    invariant: 1,
    lean: storm({ unkind: ["misfiled"], trouble: 0 }),
    tampering: () =>
      changingRecords((certificate) => ({
        ...certificate,
        listedAsExpired: true,
        listedAsUnexpired: false,
      })),
  },
  {
    name: "contradicting records are overlooked",
    invariant: 1,
    lean: storm({ unkind: ["certificate-twins"], trouble: 0, policy: OPEN }),
    tampering: () =>
      changingRecords((certificate) => ({
        ...certificate,
        records: [certificate.records[0]],
      })),
  },
  {
    name: "evidence lives for ten minutes",
    invariant: 1,
    lean: storm({
      trouble: 0,
      policy: OPEN,
      settings: { ...DELETING, sendsPerSecond: 0.2 },
    }),
    tampering: () =>
      observing((observation) => ({
        ...observation,
        startedAt: observation.startedAt + 540_000,
      })),
  },
  {
    name: "the domains are not looked at",
    invariant: 2,
    lean: storm(),
    tampering: () => ({
      ...observing((observation) => ({ ...observation, domains: [] })),
      ...policy({ unseenDomains: "ignore" }),
    }),
  },
  {
    name: "only ChainID counts as an identifier",
    invariant: 2,
    lean: storm({
      policy: OPEN,
      trouble: 0,
      unkind: ["bound-by-three-identifiers"],
      kind: ["bound-in-another-language"],
    }),
    tampering: () =>
      changingRecords((certificate) => ({
        ...certificate,
        ...eachRecord(certificate, (record) => ({
          ...record,
          ids: record.ids.slice(0, 1),
        })),
      })),
  },
  {
    name: "DeleteCert at twenty a second",
    invariant: 3,
    lean: storm(),
    tampering: () => ({ sendsPerSecond: 20 }),
  },
  {
    name: "maxDeletions is not respected",
    invariant: 4,
    lean: storm({ settings: { dryRun: false, maxDeletions: 3 } }),
    tampering: () => setting({ maxDeletions: Infinity }),
  },
  {
    name: "failed attempts leave no line",
    invariant: 5,
    lean: storm({ unkind: ["certificates-refused"] }),
    tampering: () => ({
      log: (log) => (line) => {
        if (line["event"] !== "delete-outcome" || line["outcome"] === "deleted")
          log(line);
      },
    }),
  },
  {
    name: "the line before an attempt is written after it",
    invariant: 5,
    lean: storm(),
    tampering: () => ({
      log: (log) => (line) => {
        if (line["event"] === "delete-attempt")
          queueMicrotask(() => {
            log(line);
          });
        else log(line);
      },
    }),
  },
  {
    name: "every other certificate is overlooked by every other run",
    invariant: 6,
    lean: storm(),
    tampering: () =>
      observing((observation, run) => ({
        ...observation,
        certificates: observation.certificates.filter(
          ({ records: [{ domains, notAfter }] }, index) =>
            run.options.name === "again" ||
            domains.length > 0 ||
            notAfter === "" ||
            index % 2 === 0,
        ),
      })),
  },
  {
    name: "a certificate is noted as done before it is",
    invariant: 7,
    lean: clear({ run: { crashAt: 100 }, vendor: { faults: FAILING } }),
    tampering: () => {
      const done = new Set<string>();
      return deleting((real) => async (order) => {
        if (done.has(order.chainId)) return { requestId: "", attempts: 0 };
        done.add(order.chainId);
        return real.deleteCertificate(order);
      });
    },
  },
  {
    name: "a dry run deletes",
    invariant: 8,
    lean: storm({ settings: { ...DELETING, dryRun: true } }),
    tampering: () => setting({ dryRun: false }),
  },
  {
    name: "a run takes a minute more than it has",
    invariant: 9,
    lean: storm({
      run: { lifetime: 60_000 },
      settings: { ...DELETING, sendsPerSecond: 0.2 },
    }),
    tampering: () => ({ remainingMs: (remaining) => () => remaining() + 60e3 }),
  },
  {
    name: "requests are logged with their headers",
    invariant: 10,
    lean: storm(),
    tampering: () => ({
      transport: (transport, log) => ({
        ...transport,
        send(request) {
          log({ event: "request", headers: request.headers });
          return transport.send(request);
        },
      }),
    }),
  },
  {
    name: "what failed is repeated until it works",
    invariant: 11,
    lean: storm({ unkind: ["certificates-refused"] }),
    tampering: () =>
      deleting((real) => async (order) => {
        for (let left = 20; ; left--) {
          try {
            return await real.deleteCertificate(order);
          } catch (error) {
            if (left === 0) throw error;
          }
        }
      }),
  },
  {
    name: "a certificate that fails stops the others",
    invariant: 12,
    lean: storm({ unkind: ["certificates-refused"] }),
    tampering: () =>
      deleting((real) => {
        let broken = false;
        return async (order) => {
          if (broken) {
            throw new VendorFailure("One before it failed.", {
              kind: "too-late",
              outcome: "not done",
            });
          }
          try {
            return await real.deleteCertificate(order);
          } catch (error) {
            broken = true;
            throw error;
          }
        };
      }),
  },
  {
    name: "an exception over one record ends the reading",
    invariant: 12,
    lean: storm({ trouble: 1 }),
    tampering: () =>
      changingRecords((certificate) => {
        if (certificate.records[0].defects.length > 0)
          throw new TypeError("a record is malformed");
        return certificate;
      }),
  },
  {
    name: "a wildcard that covers no visible domain says nothing, nor does what stands beside it",
    invariant: 1,
    lean: storm({ unkind: ["domains-hidden-some"], policy: STRICT }),
    wasReal: true,
    tampering: () =>
      ignoringNames(
        (name, list, visible) =>
          list.some((one) => one.startsWith("*.")) &&
          !visible.some((domain) => covers(comparing(name), domain)),
      ),
  },
  {
    name: "no domain in sight, and a certificate without names is free",
    invariant: 1,
    lean: storm({ unkind: ["domains-hidden-all"], policy: STRICT }),
    wasReal: true,
    tampering: () =>
      observing((observation) =>
        observation.domains.length > 0
          ? observation
          : { ...observation, domains: [NOBODYS] },
      ),
  },
  {
    name: "a name in Unicode is no name of a domain in punycode",
    invariant: 2,
    lean: storm({
      unkind: ["names-respelled", "bound-in-another-language"],
      policy: OPEN,
    }),
    wasReal: true,
    tampering: () => ignoringNames((name) => isUnicode(name)),
  },
  {
    name: "a protected name is protected in one spelling only",
    invariant: 1,
    lean: storm({
      unkind: ["names-respelled"],
      policy: { ...OPEN, protect: RESPELLED },
    }),
    wasReal: true,
    tampering: () => ({
      settings: (settings, { vendor }) => ({
        ...settings,
        policy: {
          ...settings.policy,
          protect: settings.policy.protect.flatMap((rule) =>
            rule.match === "chainId"
              ? rule
              : [...vendor.account.certificates.values()]
                  .filter(({ fields }) =>
                    [
                      fields[
                        rule.match === "name" ? "CertName" : "CertDomainList"
                      ],
                    ]
                      .flat()
                      .some((text) => glob(rule.value, String(text))),
                  )
                  .map(({ chainId }) => ({
                    ...rule,
                    match: "chainId" as const,
                    value: chainId,
                  })),
          ),
        },
      }),
    }),
  },
  {
    name: "a short page ends the listing of domains",
    invariant: 1,
    lean: storm({
      unkind: ["domain-pages-capped", "domain-total-of-page"],
      kind: ["domain-total-absent", "domain-twins"],
      policy: STRICT,
    }),
    wasReal: true,
    tampering: () =>
      reading(({ action, pageNum }) =>
        action === "ListDomainDetail" && pageNum > 1 ? { items: [] } : {},
      ),
  },
  {
    name: "the second reading of what has not expired may have shifted",
    invariant: 1,
    lean: clear({ size: 50, unkind: ["lists-shift", "stale-beside-renewed"] }),
    wasReal: true,
    tampering: () =>
      smoothing(1, (filter) => filter.includes('"Expiring":false')),
  },
  {
    name: "a list that shifted proves that something is gone",
    invariant: 13,
    lean: clear({ unkind: ["lists-shift", "certificates-refused"] }),
    wasReal: true,
    tampering: () => ({
      ...smoothing(0),
      ...observing((observation) => ({ ...observation, isSettled: true })),
    }),
  },
  {
    name: "what may be deleted without a word of it has failed",
    invariant: 13,
    lean: storm({ unkind: ["deletions-unanswered"], kind: NEVER_READABLE }),
    wasReal: true,
    tampering: () =>
      failing(({ possiblyDone }) =>
        possiblyDone
          ? { kind: "unreachable", outcome: "not done", possiblyDone: false }
          : undefined,
      ),
  },
  {
    name: "a refusal is taken at its word, whatever came before it",
    invariant: 13,
    lean: clear({ unkind: ["closed-midway"], kind: ["key-rotated-midway"] }),
    wasReal: true,
    tampering: () =>
      failing(({ kind }) =>
        ["forbidden", "not-found", "billing"].includes(kind)
          ? {
              possiblyDone: false,
              kind: kind === "billing" ? kind : "vendor-error",
            }
          : undefined,
      ),
  },
  {
    name: "a changed secret lets forget what had been sent",
    invariant: 13,
    lean: storm({ unkind: ["key-rotated-midway"], kind: NEVER_READABLE }),
    wasReal: true,
    tampering: () =>
      failing(({ kind }) =>
        kind === "secret-changed" ? { possiblyDone: false } : undefined,
      ),
  },
  {
    name: "what got no answer is called deleted",
    invariant: 13,
    lean: clear({
      size: 60,
      run: { lifetime: 60_000 },
      vendor: { faults: SILENT, lies: [] },
    }),
    tampering: () =>
      deleting((real) => async (order) => {
        try {
          return await real.deleteCertificate(order);
        } catch (error) {
          if (!(error instanceof VendorFailure) || !error.possiblyDone)
            throw error;
          return { requestId: "", attempts: error.attempts };
        }
      }),
  },
  {
    name: "two rows of one domain count once",
    invariant: 14,
    lean: storm({ unkind: ["domain-twins"], kind: NEVER_READABLE }),
    wasReal: true,
    tampering: () =>
      reading(({ action, items }) =>
        action === "ListDomainDetail"
          ? {
              items: [
                ...new Map(
                  items.map((item) => [JSON.stringify(item), item]),
                ).values(),
              ],
            }
          : {},
      ),
  },
  {
    name: "the Total of an empty last page counts",
    invariant: 14,
    lean: storm({ unkind: ["total-zero-at-end"], kind: NEVER_READABLE }),
    wasReal: true,
    tampering: () => {
      const totals = new Map<unknown, unknown>();
      return reading(({ action, pageNum, items, total, reading: deadline }) => {
        if (action !== "ListDomainDetail") return {};
        if (pageNum === 1) totals.set(deadline, total);
        if (items.length === 0 && total !== totals.get(deadline))
          throw incomplete();
        return {};
      });
    },
  },
  {
    name: "ten refusals in a row end a run",
    invariant: 14,
    lean: storm({
      unkind: ["certificates-refused"],
      kind: NEVER_READABLE,
      policy: OPEN,
    }),
    wasReal: true,
    tampering: () =>
      failing(({ outcome, kind }) =>
        outcome === "answered" && !["billing", "access-denied"].includes(kind)
          ? { kind: "vendor-error", outcome: "unknown" }
          : undefined,
      ),
  },
  {
    name: "a throttled reading is not repeated",
    invariant: 14,
    lean: storm({ unkind: ["busy-at-first"], kind: NEVER_READABLE }),
    wasReal: true,
    tampering: () => ({
      observer: (observer) => ({
        ...observer,
        async observe(deadline) {
          try {
            return await observer.observe(deadline);
          } catch (error) {
            if (!(error instanceof VendorFailure) || error.kind !== "throttled")
              throw error;
            throw incomplete();
          }
        },
      }),
    }),
  },
  {
    name: "a plan holds nothing back",
    invariant: 4,
    lean: clear({ isPlanned: true }),
    tampering: () => ({
      settings: ({ only: _, ...settings }) => settings,
    }),
  },
  {
    name: "a plan overrules what is in use",
    invariant: 2,
    lean: clear({ isPlanned: true }),
    tampering: () =>
      observing((observation, { options: { only } }) => {
        const planned = new Set(
          observation.certificates
            .filter(({ chainId }) => only?.has(chainId.toLowerCase()))
            .flatMap(({ records }) => records.flatMap(({ ids }) => ids)),
        );
        return {
          ...observation,
          domains: observation.domains.map((domain) =>
            planned.has(domain.boundTo ?? "")
              ? { ...domain, boundTo: "" }
              : domain,
          ),
        };
      }),
  },
  {
    name: "days of warning are added to those of grace",
    invariant: 13,
    lean: storm(),
    tampering: () => ({
      settings: ({ policy, ...settings }) => ({
        ...settings,
        policy: {
          ...policy,
          graceDays: policy.graceDays + (Number(settings.warnDays) || 0),
        },
      }),
    }),
  },
  {
    name: "what is about to expire in use is not warned of",
    invariant: 13,
    lean: storm(),
    tampering: () => setting({ warnDays: 0 }),
  },
  {
    name: "every other certificate is left for later, for ever",
    invariant: 14,
    lean: { isRow: true, kind: NEVER_READABLE, policy: OPEN, trouble: 0 },
    tampering: () =>
      changingRecords((certificate) =>
        parseInt(certificate.chainId.slice(-1), 16) % 2 === 0
          ? certificate
          : undefined,
      ),
  },
  {
    name: "a plan narrows what is looked at",
    invariant: 13,
    lean: clear({ isPlanned: true }),
    tampering: () =>
      changingRecords((certificate, { options: { only } }) =>
        only?.has(certificate.chainId.toLowerCase()) === false
          ? undefined
          : certificate,
      ),
  },
  {
    name: "a name in punycode is no name of a domain in Unicode",
    invariant: 2,
    lean: storm({
      unkind: ["names-respelled", "bound-in-another-language"],
      policy: OPEN,
    }),
    wasReal: true,
    tampering: () => ignoringNames((name) => /xn--/i.test(name)),
  },
  {
    name: "a DELETE of a wildcard looks at no domain out of sight",
    invariant: 2,
    lean: storm({ unkind: ["domains-hidden-all"], policy: STRICT }),
    wasReal: true,
    tampering: () => policy({ unseenDomains: "ignore" }),
  },
  {
    name: "403 for what another run has deleted speaks of the vendor's health",
    invariant: 13,
    lean: clear({ size: 60, unkind: ["missing-forbidden"], overlapAfter: 50 }),
    wasReal: true,
    tampering: () =>
      failing(({ kind }) =>
        kind === "forbidden" ? { outcome: "unknown" } : undefined,
      ),
  },
  {
    name: "every run mails what is in use, and what contradicts itself",
    invariant: 15,
    lean: { isRow: true },
    wasReal: true,
    tampering: () => ({
      telling: (telling) => ({
        ...telling,
        occasions: { ...telling.occasions, sweepIntervalMinutes: 1e9 },
      }),
    }),
  },
  {
    name: "contradictions are never mailed",
    invariant: 15,
    lean: { isRow: true, trouble: 1 },
    tampering: () =>
      sending((mail, send) =>
        CONTRADICTIONS.test(mail.text) ? Promise.resolve() : send(mail),
      ),
  },
  {
    name: "contradictions that were to be mailed once are remembered, whether or not the mail went out",
    invariant: 15,
    lean: { isRow: true, trouble: 1 },
    wasReal: true,
    tampering: () => {
      const told = new Set<string>();
      return sending((mail, send) => {
        const [table = ""] = CONTRADICTIONS.exec(mail.text) ?? [];
        if (table !== "" && told.has(table)) return Promise.resolve();
        told.add(table);
        return send(mail);
      });
    },
  },
  {
    name: "a mail that did not go out leaves no line",
    invariant: 15,
    lean: { isRow: true },
    wasReal: true,
    tampering: () => ({
      log: (log) => (line) => {
        if (line["event"] !== "report-not-sent") log(line);
      },
    }),
  },
  {
    name: "a name in a mail is cut in the middle of a character",
    invariant: 15,
    lean: { isRow: true, unkind: ["names-awkward"] },
    wasReal: true,
    tampering: () =>
      sending((mail, send) =>
        send({
          ...mail,
          text: mail.text.replace(/(?<=n{9})\u{1f600}/u, "\ud83d"),
        }),
      ),
  },
];

/** Faults that no vendor's behaviour shows, all of which were real: put into the source, and seen by a test. */
export const SEEN_BY_TESTS: readonly {
  readonly name: string;
  /** Stands once in what is ours. */
  readonly from: string;
  readonly to: string;
  readonly file: string;
}[] = [
  {
    name: "a DELETE with the body of a dry run deletes",
    from: '(request.body ?? "") !== ""',
    to: 'request.body === "{}"',
    file: "test/unit/handler.test.ts",
  },
  {
    name: "a sweep that was asked for over HTTP cannot be traced to its run",
    from: "runId: call?.runId,",
    to: "",
    file: "test/unit/start-sweep.test.ts",
  },
  {
    name: "a key put where the secret's name belongs is shown",
    from: "hidden: true,\n    parse: matching(/^[\\w/+",
    to: "parse: matching(/^[\\w/+",
    file: "test/unit/configuration.test.ts",
  },
  {
    name: "a password in the endpoint is shown",
    from: 'hidden: true,\n    meaning: "where the vendor\'s API answers"',
    to: 'meaning: "where the vendor\'s API answers"',
    file: "test/unit/configuration.test.ts",
  },
  {
    name: "whoever may read may delete, by equal scopes",
    from: "readScope === deleteScope",
    to: 'deleteScope === ""',
    file: "test/infra/config.test.ts",
  },
  {
    name: "a chain id of 31 digits, which protects nothing, passes for a rule",
    from: 'match === "chainId" && !GLOB.test(glob) && !isChainId(glob)',
    to: 'match === "chainId" && !GLOB.test(glob) && !/^[0-9a-f]{31,32}$/i.test(glob)',
    file: "test/unit/configuration.test.ts",
  },
];
