/** Deliberate defects, one or more for each invariant: a simulation that overlooks one of them proves nothing. */
import type { Certificate } from "../../functions/janitor/certificate.ts";
import {
  VendorFailure,
  type FailureFacts,
} from "../../functions/janitor/failure.ts";
import type {
  Observation,
  Observer,
  Deleter,
} from "../../functions/janitor/ports.ts";
import type { LiveApi } from "../../functions/volcengine/live-api.ts";
import { simulate } from "./run.ts";
import { comparing, covers, glob } from "./statement.ts";
import type { Tampering } from "./sweep-process.ts";

export interface Mutant {
  readonly name: string;
  readonly invariant: number;
  /** A fresh one for each world. */
  tampering(): Tampering;
}

function observing(
  change: (observation: Observation) => Observation,
): (observer: Observer) => Observer {
  return (observer) => ({
    ...observer,
    observe: async (deadline) => change(await observer.observe(deadline)),
  });
}

function changingRecords(
  change: (certificate: Certificate) => Certificate,
): Tampering {
  return {
    observer: observing((observation) => ({
      ...observation,
      certificates: observation.certificates.map(change),
    })),
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
  return {
    observer: observing((observation) => {
      const visible = observation.domains.map(({ name }) => name);
      return {
        ...observation,
        domains:
          visible.length === 0
            ? observation.domains
            : [...observation.domains, NOBODYS],
        certificates: observation.certificates.map((certificate) => {
          const [first, ...rest] = certificate.records.map((record) => {
            const left = record.domains.filter(
              (name) => !isIgnored(name, record.domains, visible),
            );
            return {
              ...record,
              domains:
                left.length === 0 && record.domains.length > 0
                  ? [NOBODYS.name]
                  : left,
            };
          });
          return first === undefined
            ? certificate
            : { ...certificate, records: [first, ...rest] };
        }),
      };
    }),
  };
}

/** Other words for why a deletion failed. */
function failing(
  words: (failure: VendorFailure) => Partial<FailureFacts> | undefined,
): Tampering {
  const deleter = (real: Deleter): Deleter => ({
    async deleteCertificate(order) {
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
    },
  });
  return { deleter };
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
  return reading(({ action, filter, reading: deadline, items }) => {
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
    return { items: fresh, total: undefined };
  });
}

const isUnicode = (text: string): boolean => /[^\0-\x7f]/.test(text);

export const MUTANTS: readonly Mutant[] = [
  {
    name: "the grace is not respected",
    invariant: 1,
    tampering: () => ({
      settings: (settings) => ({
        ...settings,
        policy: { ...settings.policy, graceDays: 0 },
      }),
    }),
  },
  {
    name: "the vendor's filter is not asked",
    invariant: 1,
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
    tampering: () =>
      changingRecords((certificate) => ({
        ...certificate,
        records: [certificate.records[0]],
      })),
  },
  {
    name: "evidence lives for ten minutes",
    invariant: 1,
    tampering: () => ({
      observer: observing((observation) => ({
        ...observation,
        startedAt: observation.startedAt + 540_000,
      })),
    }),
  },
  {
    name: "the domains are not looked at",
    invariant: 2,
    tampering: () => ({
      observer: observing((observation) => ({ ...observation, domains: [] })),
      settings: (settings) => ({
        ...settings,
        policy: { ...settings.policy, unseenDomains: "ignore" },
      }),
    }),
  },
  {
    name: "only ChainID counts as an identifier",
    invariant: 2,
    tampering: () =>
      changingRecords((certificate) => {
        const [first, ...rest] = certificate.records.map((record) => ({
          ...record,
          ids: record.ids.slice(0, 1),
        }));
        return first === undefined
          ? certificate
          : { ...certificate, records: [first, ...rest] };
      }),
  },
  {
    name: "DeleteCert at twenty a second",
    invariant: 3,
    tampering: () => ({ sendsPerSecond: 20 }),
  },
  {
    name: "maxDeletions is not respected",
    invariant: 4,
    tampering: () => ({
      settings: (settings) => ({ ...settings, maxDeletions: Infinity }),
    }),
  },
  {
    name: "failed attempts leave no line",
    invariant: 5,
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
    tampering: () => {
      return {
        observer: (observer, run) =>
          run.options.name === "again"
            ? observer
            : observing((observation) => ({
                ...observation,
                certificates: observation.certificates.filter(
                  ({ records: [{ domains, notAfter }] }, index) =>
                    domains.length > 0 || notAfter === "" || index % 2 === 0,
                ),
              }))(observer),
      };
    },
  },
  {
    name: "a certificate is noted as done before it is",
    invariant: 7,
    tampering: () => {
      const done = new Set<string>();
      return {
        deleter: (deleter) => ({
          async deleteCertificate(order) {
            if (done.has(order.chainId)) return { requestId: "", attempts: 0 };
            done.add(order.chainId);
            return deleter.deleteCertificate(order);
          },
        }),
      };
    },
  },
  {
    name: "a dry run deletes",
    invariant: 8,
    tampering: () => ({
      settings: (settings) => ({ ...settings, dryRun: false }),
    }),
  },
  {
    name: "a run takes a minute more than it has",
    invariant: 9,
    tampering: () => ({ remainingMs: (remaining) => () => remaining() + 60e3 }),
  },
  {
    name: "requests are logged with their headers",
    invariant: 10,
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
    tampering: () => ({
      deleter: (deleter) => ({
        async deleteCertificate(order) {
          for (let left = 20; ; left--) {
            try {
              return await deleter.deleteCertificate(order);
            } catch (error) {
              if (left === 0) throw error;
            }
          }
        },
      }),
    }),
  },
  {
    name: "a certificate that fails stops the others",
    invariant: 12,
    tampering: () => ({
      deleter: (deleter) => {
        let broken = false;
        return {
          async deleteCertificate(order) {
            if (broken) {
              throw new VendorFailure("One before it failed.", {
                kind: "too-late",
                outcome: "not done",
              });
            }
            try {
              return await deleter.deleteCertificate(order);
            } catch (error) {
              broken = true;
              throw error;
            }
          },
        };
      },
    }),
  },
  {
    name: "an exception over one record ends the reading",
    invariant: 12,
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
    tampering: () => ({
      observer: observing((observation) =>
        observation.domains.length > 0
          ? observation
          : { ...observation, domains: [NOBODYS] },
      ),
    }),
  },
  {
    name: "a name in Unicode is no name of a domain in punycode",
    invariant: 2,
    tampering: () => ignoringNames((name) => isUnicode(name)),
  },
  {
    name: "a protected name is protected in one spelling only",
    invariant: 1,
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
    tampering: () =>
      reading(({ action, pageNum }) =>
        action === "ListDomainDetail" && pageNum > 1 ? { items: [] } : {},
      ),
  },
  {
    name: "the second reading of what has not expired may have shifted",
    invariant: 1,
    tampering: () =>
      smoothing(1, (filter) => filter.includes('"Expiring":false')),
  },
  {
    name: "a list that shifted proves that something is gone",
    invariant: 13,
    tampering: () => ({
      ...smoothing(0),
      observer: observing((observation) => ({
        ...observation,
        isSettled: true,
      })),
    }),
  },
  {
    name: "what may be deleted without a word of it has failed",
    invariant: 13,
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
    tampering: () =>
      failing(({ kind }) =>
        kind === "secret-changed" ? { possiblyDone: false } : undefined,
      ),
  },
  {
    name: "what got no answer is called deleted",
    invariant: 13,
    tampering: () => ({
      deleter: (deleter) => ({
        async deleteCertificate(order) {
          try {
            return await deleter.deleteCertificate(order);
          } catch (error) {
            if (!(error instanceof VendorFailure) || !error.possiblyDone)
              throw error;
            return { requestId: "", attempts: error.attempts };
          }
        },
      }),
    }),
  },
  {
    name: "two rows of one domain count once",
    invariant: 14,
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
    tampering: () => ({
      settings: ({ only: _, ...settings }) => settings,
    }),
  },
  {
    name: "a plan overrules what is in use",
    invariant: 2,
    tampering: () => ({
      observer: (observer, { options: { only } }) =>
        observing((observation) => {
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
        })(observer),
    }),
  },
  {
    name: "days of warning are added to those of grace",
    invariant: 13,
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
    tampering: () => ({
      settings: (settings) => ({ ...settings, warnDays: 0 }),
    }),
  },
];

export interface Caught {
  readonly mutant: Mutant;
  /** Undefined: no seed caught it. */
  readonly seed: number | undefined;
  readonly what: string;
}

/** Looks for a seed that shows the mutant by a violation of just its invariant. */
export async function hunt(
  mutant: Mutant,
  from: number,
  seeds: number,
): Promise<Caught> {
  for (let seed = from; seed < from + seeds; seed++) {
    const { violations } = await simulate(seed, {
      tampering: mutant.tampering(),
    });
    const shown = violations.find(
      ({ invariant }) => invariant === mutant.invariant,
    );
    if (shown !== undefined) return { mutant, seed, what: shown.what };
  }
  return { mutant, seed: undefined, what: "" };
}
