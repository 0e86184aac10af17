/** Deliberate defects, one or more for each invariant: a simulation that overlooks one of them proves nothing. */
import type { Certificate } from "../../functions/janitor/certificate.ts";
import {
  VendorFailure,
  type Observation,
  type Observer,
} from "../../functions/janitor/vendor.ts";
import { simulate } from "./run.ts";
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
        remover: (remover) => ({
          async deleteCertificate(order) {
            if (done.has(order.chainId)) return { requestId: "", attempts: 0 };
            done.add(order.chainId);
            return remover.deleteCertificate(order);
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
      remover: (remover) => ({
        async deleteCertificate(order) {
          for (let left = 20; ; left--) {
            try {
              return await remover.deleteCertificate(order);
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
      remover: (remover) => {
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
              return await remover.deleteCertificate(order);
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
