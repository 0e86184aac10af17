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
import type { LogLine, Run, Tampering } from "./sweep-process.ts";
import { KIND } from "./vendor-records.ts";
import { NEVER_READABLE, type Lean } from "./world.ts";

export interface Mutant {
  readonly name: string;
  readonly invariant: number;
  /** The worlds that it is about, in which it is hunted. */
  readonly lean: Lean;
  /** It stood in the product once. */
  readonly wasReal: boolean;
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
  change: (observation: Observation, run: Run) => Partial<Observation>,
): Tampering {
  return {
    observer: (observer, run) => ({
      ...observer,
      async observe(deadline) {
        const observation = await observer.observe(deadline);
        return { ...observation, ...change(observation, run) };
      },
    }),
  };
}

/** Certificates with other records, or none of them. */
function changingRecords(
  change: (certificate: Certificate, run: Run) => Partial<Certificate> | "none",
): Tampering {
  return observing(({ certificates }, run) => ({
    certificates: certificates.flatMap((certificate) => {
      const changed = change(certificate, run);
      return changed === "none" ? [] : { ...certificate, ...changed };
    }),
  }));
}

/** Each record changed by itself. */
function eachRecord(
  { records: [first, ...rest] }: Certificate,
  change: (record: CertificateRecord) => Partial<CertificateRecord>,
): Pick<Certificate, "records"> {
  const changed = (one: CertificateRecord) => ({ ...one, ...change(one) });
  return { records: [changed(first), ...rest.map(changed)] };
}

const setting = (
  change: (settings: SweepSettings) => Partial<SweepSettings>,
): Tampering => ({
  settings: (settings) => ({ ...settings, ...change(settings) }),
});

const policy = (over: Partial<Policy>): Tampering =>
  setting(({ policy }) => ({ policy: { ...policy, ...over } }));

/** Deletions done in another way. */
function deleting(
  change: (
    order: DeletionOrder,
    send: Deleter["deleteCertificate"],
  ) => ReturnType<Deleter["deleteCertificate"]>,
): Tampering {
  return {
    deleter: (real) => ({
      deleteCertificate: (order) =>
        change(order, (one) => real.deleteCertificate(one)),
    }),
  };
}

/** Some lines are not written. */
function unlogged(isLost: (line: LogLine) => boolean): Tampering {
  return {
    log: (log) => (line) => {
      if (!isLost(line)) log(line);
    },
  };
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
  return observing(({ domains, certificates }) => {
    const visible = domains.map(({ name }) => name);
    return {
      domains: visible.length === 0 ? domains : [...domains, NOBODYS],
      certificates: certificates.map((certificate) => ({
        ...certificate,
        ...eachRecord(certificate, (record) => {
          const left = record.domains.filter(
            (name) => !isIgnored(name, record.domains, visible),
          );
          const hasNone = left.length === 0 && record.domains.length > 0;
          return { domains: hasNone ? [NOBODYS.name] : left };
        }),
      })),
    };
  });
}

/** Other words for why a deletion failed. */
function failing(
  words: (failure: VendorFailure) => Partial<FailureFacts> | undefined,
): Tampering {
  return deleting((order, send) =>
    send(order).catch((error: unknown) => {
      if (!(error instanceof VendorFailure)) throw error;
      const { kind, outcome, attempts, possiblyDone } = error;
      throw new VendorFailure(error.message, {
        ...{ kind, outcome, attempts, possiblyDone },
        ...words(error),
      });
    }),
  );
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

/** The worlds that it is about, in which it is hunted, and itself, afresh for each world. */
type Defect = readonly [Lean, () => Tampering];

/** Defects that one invariant forbids, by what is wrong. */
function against(
  invariant: number,
  named: Readonly<Record<string, Defect>>,
  wasReal = false,
): Mutant[] {
  return Object.entries(named).map(([name, [lean, tampering]]) => ({
    name,
    invariant,
    lean,
    wasReal,
    tampering,
  }));
}

/** Those that stood in the product once. */
function real(
  invariant: number,
  named: Readonly<Record<string, Defect>>,
): Mutant[] {
  return against(invariant, named, true);
}

export const MUTANTS: readonly Mutant[] = [
  ...against(1, {
    "the grace is not respected": [
      storm({ policy: { graceDays: 30 } }),
      () => policy({ graceDays: 0 }),
    ],
    "the vendor's filter is not asked": [
      storm({ unkind: ["misfiled"], trouble: 0 }),
      () =>
        changingRecords(() => ({
          listedAsExpired: true,
          listedAsUnexpired: false,
        })),
    ],
    "contradicting records are overlooked": [
      storm({ unkind: ["certificate-twins"], trouble: 0, policy: OPEN }),
      () => changingRecords(({ records: [first] }) => ({ records: [first] })),
    ],
    "evidence lives for ten minutes": [
      storm({
        trouble: 0,
        policy: OPEN,
        settings: { ...DELETING, sendsPerSecond: 0.2 },
      }),
      () => observing(({ startedAt }) => ({ startedAt: startedAt + 540_000 })),
    ],
  }),
  ...real(1, {
    "a wildcard that covers no visible domain says nothing, nor does what stands beside it":
      [
        storm({ unkind: ["domains-hidden-some"], policy: STRICT }),
        () =>
          ignoringNames(
            (name, list, visible) =>
              list.some((one) => one.startsWith("*.")) &&
              !visible.some((domain) => covers(comparing(name), domain)),
          ),
      ],
    "no domain in sight, and a certificate without names is free": [
      storm({ unkind: ["domains-hidden-all"], policy: STRICT }),
      () =>
        observing(({ domains }) => ({
          domains: domains.length > 0 ? domains : [NOBODYS],
        })),
    ],
    "a protected name is protected in one spelling only": [
      storm({
        unkind: ["names-respelled"],
        policy: { ...OPEN, protect: RESPELLED },
      }),
      () => ({
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
    ],
    "a short page ends the listing of domains": [
      storm({
        unkind: ["domain-pages-capped", "domain-total-of-page"],
        kind: ["domain-total-absent", "domain-twins"],
        policy: STRICT,
      }),
      () =>
        reading(({ action, pageNum }) =>
          action === "ListDomainDetail" && pageNum > 1 ? { items: [] } : {},
        ),
    ],
    "the second reading of what has not expired may have shifted": [
      clear({ size: 50, unkind: ["lists-shift", "stale-beside-renewed"] }),
      () => smoothing(1, (filter) => filter.includes('"Expiring":false')),
    ],
  }),
  ...against(2, {
    "the domains are not looked at": [
      storm(),
      () => ({
        ...observing(() => ({ domains: [] })),
        ...policy({ unseenDomains: "ignore" }),
      }),
    ],
    "only ChainID counts as an identifier": [
      storm({
        policy: OPEN,
        trouble: 0,
        unkind: ["bound-by-three-identifiers"],
        kind: ["bound-in-another-language"],
      }),
      () =>
        changingRecords((certificate) =>
          eachRecord(certificate, ({ ids }) => ({ ids: ids.slice(0, 1) })),
        ),
    ],
    "a plan overrules what is in use": [
      clear({ isPlanned: true }),
      () =>
        observing(({ certificates, domains }, { options: { only } }) => {
          const planned = new Set(
            certificates
              .filter(({ chainId }) => only?.has(chainId.toLowerCase()))
              .flatMap(({ records }) => records.flatMap(({ ids }) => ids)),
          );
          return {
            domains: domains.map((domain) =>
              planned.has(domain.boundTo ?? "")
                ? { ...domain, boundTo: "" }
                : domain,
            ),
          };
        }),
    ],
  }),
  ...real(2, {
    "a name in Unicode is no name of a domain in punycode": [
      storm({
        unkind: ["names-respelled", "bound-in-another-language"],
        policy: OPEN,
      }),
      () => ignoringNames((name) => /[^\0-\x7f]/.test(name)),
    ],
    "a name in punycode is no name of a domain in Unicode": [
      storm({
        unkind: ["names-respelled", "bound-in-another-language"],
        policy: OPEN,
      }),
      () => ignoringNames((name) => /xn--/i.test(name)),
    ],
    "a DELETE of a wildcard looks at no domain out of sight": [
      storm({ unkind: ["domains-hidden-all"], policy: STRICT }),
      () => policy({ unseenDomains: "ignore" }),
    ],
  }),
  ...against(3, {
    "DeleteCert at twenty a second": [storm(), () => ({ sendsPerSecond: 20 })],
  }),
  ...against(4, {
    "maxDeletions is not respected": [
      storm({ settings: { dryRun: false, maxDeletions: 3 } }),
      () => setting(() => ({ maxDeletions: Infinity })),
    ],
    "a plan holds nothing back": [
      clear({ isPlanned: true }),
      () => ({
        settings: ({ only: _, ...settings }) => settings,
      }),
    ],
  }),
  ...against(5, {
    "failed attempts leave no line": [
      storm({ unkind: ["certificates-refused"] }),
      () =>
        unlogged(
          ({ event, outcome }) =>
            event === "delete-outcome" && outcome !== "deleted",
        ),
    ],
    "the line before an attempt is written after it": [
      storm(),
      () => ({
        log: (log) => (line) => {
          if (line["event"] === "delete-attempt")
            queueMicrotask(() => {
              log(line);
            });
          else log(line);
        },
      }),
    ],
  }),
  ...against(6, {
    "every other certificate is overlooked by every other run": [
      storm(),
      () =>
        observing(({ certificates }, run) => ({
          certificates: certificates.filter(
            ({ records: [{ domains, notAfter }] }, index) =>
              run.options.name === "again" ||
              domains.length > 0 ||
              notAfter === "" ||
              index % 2 === 0,
          ),
        })),
    ],
  }),
  ...against(7, {
    "a certificate is noted as done before it is": [
      clear({ run: { crashAt: 100 }, vendor: { faults: FAILING } }),
      () => {
        const done = new Set<string>();
        return deleting(async (order, send) => {
          if (done.has(order.chainId)) return { requestId: "", attempts: 0 };
          done.add(order.chainId);
          return send(order);
        });
      },
    ],
  }),
  ...against(8, {
    "a dry run deletes": [
      storm({ settings: { ...DELETING, dryRun: true } }),
      () => setting(() => ({ dryRun: false })),
    ],
  }),
  ...against(9, {
    "a run takes a minute more than it has": [
      storm({
        run: { lifetime: 60_000 },
        settings: { ...DELETING, sendsPerSecond: 0.2 },
      }),
      () => ({ remainingMs: (remaining) => () => remaining() + 60e3 }),
    ],
  }),
  ...against(10, {
    "requests are logged with their headers": [
      storm(),
      () => ({
        transport: (transport, log) => ({
          ...transport,
          send(request) {
            log({ event: "request", headers: request.headers });
            return transport.send(request);
          },
        }),
      }),
    ],
  }),
  ...against(11, {
    "what failed is repeated until it works": [
      storm({ unkind: ["certificates-refused"] }),
      () =>
        deleting(async (order, send) => {
          for (let left = 20; left > 0; left--) {
            const done = await send(order).catch(() => undefined);
            if (done !== undefined) return done;
          }
          return send(order);
        }),
    ],
  }),
  ...against(12, {
    "a certificate that fails stops the others": [
      storm({ unkind: ["certificates-refused"] }),
      () => {
        let before: unknown;
        return deleting(async (order, send) => {
          if (before !== undefined)
            throw new VendorFailure("One before it failed.", {
              kind: "too-late",
              outcome: "not done",
            });
          return send(order).catch((error: unknown) => {
            throw (before = error);
          });
        });
      },
    ],
    "an exception over one record ends the reading": [
      storm({ trouble: 1 }),
      () =>
        changingRecords(({ records: [{ defects }] }) => {
          if (defects.length === 0) return {};
          throw new TypeError("a record is malformed");
        }),
    ],
  }),
  ...against(13, {
    "what got no answer is called deleted": [
      clear({
        size: 60,
        run: { lifetime: 60_000 },
        vendor: { faults: SILENT, lies: [] },
      }),
      () =>
        deleting((order, send) =>
          send(order).catch((error: unknown) => {
            if (!(error instanceof VendorFailure) || !error.possiblyDone)
              throw error;
            return { requestId: "", attempts: error.attempts };
          }),
        ),
    ],
    "days of warning are added to those of grace": [
      storm(),
      () =>
        setting(({ policy, warnDays }) => ({
          policy: {
            ...policy,
            graceDays: policy.graceDays + (Number(warnDays) || 0),
          },
        })),
    ],
    "what is about to expire in use is not warned of": [
      storm(),
      () => setting(() => ({ warnDays: 0 })),
    ],
    "a plan narrows what is looked at": [
      clear({ isPlanned: true }),
      () =>
        changingRecords(({ chainId }, { options: { only } }) =>
          only?.has(chainId.toLowerCase()) === false ? "none" : {},
        ),
    ],
  }),
  ...real(13, {
    "a list that shifted proves that something is gone": [
      clear({ unkind: ["lists-shift", "certificates-refused"] }),
      () => ({
        ...smoothing(0),
        ...observing(() => ({ isSettled: true })),
      }),
    ],
    "what may be deleted without a word of it has failed": [
      storm({ unkind: ["deletions-unanswered"], kind: NEVER_READABLE }),
      () =>
        failing(({ possiblyDone }) =>
          possiblyDone
            ? { kind: "unreachable", outcome: "not done", possiblyDone: false }
            : undefined,
        ),
    ],
    "a refusal is taken at its word, whatever came before it": [
      clear({ unkind: ["closed-midway"], kind: ["key-rotated-midway"] }),
      () =>
        failing(({ kind }) =>
          ["forbidden", "not-found", "billing"].includes(kind)
            ? {
                possiblyDone: false,
                kind: kind === "billing" ? kind : "vendor-error",
              }
            : undefined,
        ),
    ],
    "a changed secret lets forget what had been sent": [
      storm({ unkind: ["key-rotated-midway"], kind: NEVER_READABLE }),
      () =>
        failing(({ kind }) =>
          kind === "secret-changed" ? { possiblyDone: false } : undefined,
        ),
    ],
    "403 for what another run has deleted speaks of the vendor's health": [
      clear({ size: 60, unkind: ["missing-forbidden"], overlapAfter: 50 }),
      () =>
        failing(({ kind }) =>
          kind === "forbidden" ? { outcome: "unknown" } : undefined,
        ),
    ],
  }),
  ...against(14, {
    "every other certificate is left for later, for ever": [
      { isRow: true, kind: NEVER_READABLE, policy: OPEN, trouble: 0 },
      () =>
        changingRecords(({ chainId }) =>
          parseInt(chainId.slice(-1), 16) % 2 === 0 ? {} : "none",
        ),
    ],
  }),
  ...real(14, {
    "two rows of one domain count once": [
      storm({ unkind: ["domain-twins"], kind: NEVER_READABLE }),
      () =>
        reading(({ action, items }) => {
          const distinct = new Map(
            items.map((item) => [JSON.stringify(item), item]),
          );
          return action === "ListCertV2"
            ? {}
            : { items: [...distinct.values()] };
        }),
    ],
    "the Total of an empty last page counts": [
      storm({ unkind: ["total-zero-at-end"], kind: NEVER_READABLE }),
      () => {
        const totals = new Map<unknown, unknown>();
        return reading(
          ({ action, pageNum, items, total, reading: deadline }) => {
            if (action !== "ListDomainDetail") return {};
            if (pageNum === 1) totals.set(deadline, total);
            if (items.length === 0 && total !== totals.get(deadline))
              throw incomplete();
            return {};
          },
        );
      },
    ],
    "ten refusals in a row end a run": [
      storm({
        unkind: ["certificates-refused"],
        kind: NEVER_READABLE,
        policy: OPEN,
      }),
      () =>
        failing(({ outcome, kind }) =>
          outcome === "answered" && !["billing", "access-denied"].includes(kind)
            ? { kind: "vendor-error", outcome: "unknown" }
            : undefined,
        ),
    ],
    "a throttled reading is not repeated": [
      storm({ unkind: ["busy-at-first"], kind: NEVER_READABLE }),
      () => ({
        observer: (observer) => ({
          ...observer,
          observe: (deadline) =>
            observer.observe(deadline).catch((error: unknown) => {
              throw error instanceof VendorFailure && error.kind === "throttled"
                ? incomplete()
                : error;
            }),
        }),
      }),
    ],
  }),
  ...against(15, {
    "contradictions are never mailed": [
      { isRow: true, trouble: 1 },
      () =>
        sending((mail, send) =>
          CONTRADICTIONS.test(mail.text) ? Promise.resolve() : send(mail),
        ),
    ],
  }),
  ...real(15, {
    "every run mails what is in use, and what contradicts itself": [
      { isRow: true },
      () => ({
        telling: (telling) => ({
          ...telling,
          occasions: { ...telling.occasions, sweepIntervalMinutes: 1e9 },
        }),
      }),
    ],
    "contradictions that were to be mailed once are remembered, whether or not the mail went out":
      [
        { isRow: true, trouble: 1 },
        () => {
          const told = new Set<string>();
          return sending((mail, send) => {
            const [table = ""] = CONTRADICTIONS.exec(mail.text) ?? [];
            if (table !== "" && told.has(table)) return Promise.resolve();
            told.add(table);
            return send(mail);
          });
        },
      ],
    "a mail that did not go out leaves no line": [
      { isRow: true },
      () => unlogged(({ event }) => event === "report-not-sent"),
    ],
    "a name in a mail is cut in the middle of a character": [
      { isRow: true, unkind: ["names-awkward"] },
      () =>
        sending((mail, send) =>
          send({
            ...mail,
            text: mail.text.replace(/(?<=n{9})\u{1f600}/u, "\ud83d"),
          }),
        ),
    ],
  }),
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
