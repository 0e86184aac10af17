import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  expiringInUse,
  foresee,
  noticeOf,
  renewalOf,
  timeLeft,
  type WarnDays,
} from "../../functions/janitor/foresight.ts";
import type { Reason } from "../../functions/contract/reasons.ts";
import {
  at,
  certificate as listed,
  DAY,
  domain,
  id,
  judged,
  NOW,
  observed,
  POLICY,
  type Fields,
} from "../world/account.ts";

/** Certificate `n`, which ends `left` milliseconds from now after a life of `days`. */
function certificate(
  n: number,
  left: number,
  names: readonly string[],
  { days = 90, ...over }: Fields & { readonly days?: number } = {},
): Fields {
  return listed(n, {
    CertDomainList: names,
    NotBefore: at(NOW + left - days * DAY),
    NotAfter: at(NOW + left),
    Status: left > 0 ? "OK" : "Expire",
    ...over,
  });
}

/** @param bindings domain -> identifier of its certificate */
function world(
  items: readonly Fields[],
  bindings: Record<string, string>,
  projectNames: readonly string[] = [],
) {
  const domains = Object.entries(bindings).map((each) => domain(...each));
  return {
    domains: observed(items, domains).domains,
    judgements: judged(items, domains, { projectNames }),
  };
}

function warned(
  items: readonly Fields[],
  bindings: Record<string, string>,
  warnDays: WarnDays = "auto",
) {
  const { judgements, domains } = world(items, bindings);
  return expiringInUse(judgements, domains, warnDays, NOW);
}

/** What is said of each domain, as `domain: sentence`. */
function said(
  items: readonly Fields[],
  bindings: Record<string, string>,
): string[] {
  return warned(items, bindings).flatMap(({ domains }) =>
    domains.map((domain) => `${domain.domain}: ${renewalOf(domain)}`),
  );
}

const isWarned = (one: Fields, warnDays?: WarnDays): boolean =>
  warned([one], { "a.net": id(1) }, warnDays).length > 0;

it("certificates of other projects are not warned of: they do not exist here", () => {
  const theirs = certificate(1, DAY, [], { ProjectName: "theirs" });
  const count = (projectNames: readonly string[]) => {
    const seen = world([theirs], { "a.net": id(1) }, projectNames);
    return expiringInUse(seen.judgements, seen.domains, "auto", NOW).length;
  };
  expect([count([]), count(["ours"]), count(["theirs"])]).toEqual([1, 0, 1]);
});

describe("about to expire, to the millisecond", () => {
  it.each([
    ["auto", 398, 30],
    ["auto", 150, 30],
    ["auto", 90, 18],
    ["auto", 47, 9.4],
    ["auto", 7, 1.4],
    [1, 90, 1],
    [30, 7, 30],
    [365, 398, 365],
  ] as const)(
    "with %s, a life of %i days is over from %f days before its end on",
    (warnDays, days, from) => {
      const warns = (left: number) =>
        isWarned(certificate(1, left, [], { days }), warnDays);
      const from_ms = Math.round(from * DAY);
      expect(warns(from_ms)).toBe(false);
      expect(warns(from_ms - 1)).toBe(true);
      expect(warns(1)).toBe(true);
      // From its end on it has expired, which is another matter.
      expect(warns(0)).toBe(false);
      expect(warns(-1)).toBe(false);
    },
  );

  it("with 0, never", () => {
    for (const left of [1, DAY, 5 * DAY, -DAY]) {
      expect(isWarned(certificate(1, left, []), 0)).toBe(false);
    }
    const twice = [
      certificate(1, DAY, []),
      certificate(1, -DAY, [], { CertName: "other" }),
    ];
    expect(warned(twice, { "a.net": id(1) }, 0)).toEqual([]);
  });

  it.each([
    ["no readable beginning", { NotBefore: "?" }],
    ["no life at all", { NotBefore: at(NOW + 40 * DAY) }],
  ])("with %s, from 30 days before its end on", (_, over) => {
    const warns = (left: number) => isWarned(certificate(1, left, [], over));
    expect(warns(30 * DAY)).toBe(false);
    expect(warns(30 * DAY - 1)).toBe(true);
  });

  it.each([
    [1, 0],
    [DAY - 1, 0],
    [DAY, 1],
    [2 * DAY - 1, 1],
    [17 * DAY, 17],
  ])("%i ms before the end, %i whole days are left", (left, days) => {
    const [one] = warned([certificate(1, left, [])], { "a.net": id(1) });
    expect(one?.daysLeft).toBe(days);
  });
});

describe("in use", () => {
  const soon = certificate(1, DAY, ["a.net", "*.a.net"]);

  it.each<[string, Record<string, string>, boolean]>([
    ["bound by its chain id", { "x.net": id(1) }, true],
    ["bound by its CertID", { "x.net": "8000001" }, true],
    ["bound to another one", { "a.net": id(2) }, false],
    ["bound to an unknown one, which it may be", { "a.net": "21614" }, false],
    ["its names unbound", { "a.net": "" }, false],
    ["no domain visible", {}, false],
  ])("%s", (_, bindings, expected) => {
    expect(warned([soon], bindings).length > 0).toBe(expected);
  });

  it("names every domain that is bound to it, once, by any identifier", () => {
    const bindings = { "x.net": id(1), "y.net": "8000001", "z.net": id(2) };
    expect(warned([soon], bindings)).toEqual([
      {
        chainId: id(1),
        name: "c1",
        notAfter: "2026-11-25T12:00:00.000Z",
        daysLeft: 1,
        domains: [{ domain: "x.net" }, { domain: "y.net" }],
      },
    ]);
  });

  it("lists the next to expire first", () => {
    const items = [3, 1, 2].map((n) => certificate(n, n * DAY, []));
    const bindings = { "a.net": id(1), "b.net": id(2), "c.net": id(3) };
    expect(warned(items, bindings).map(({ name }) => name)).toEqual([
      "c1",
      "c2",
      "c3",
    ]);
  });
});

describe("of several records under one chain id", () => {
  const other = (left: number, over: Fields = {}) =>
    certificate(1, left, [], { CertName: "other", ...over });
  const daysOf = (...items: readonly Fields[]) =>
    warned(items, { "a.net": id(1) }).map(({ daysLeft }) => daysLeft);

  it("one that ends soon is enough, and the next to end is told", () => {
    expect(daysOf(certificate(1, 5 * DAY, []), other(60 * DAY))).toEqual([5]);
    expect(daysOf(other(60 * DAY), certificate(1, 5 * DAY, []))).toEqual([5]);
    expect(daysOf(certificate(1, 5 * DAY, []), other(3 * DAY))).toEqual([3]);
  });

  it("each is looked at by its own lifetime", () => {
    expect(
      daysOf(
        certificate(1, 10 * DAY, [], { days: 47 }),
        other(12 * DAY, { days: 398 }),
      ),
    ).toEqual([12]);
  });

  it("one that is over, while another is valid, is told as well", () => {
    expect(daysOf(certificate(1, -2 * DAY, []), other(60 * DAY))).toEqual([0]);
  });

  it("unreadable ones alone tell nothing", () => {
    expect(daysOf(other(DAY, { NotAfter: "?" }))).toEqual([]);
  });

  it("none is a renewal that anybody could rely on", () => {
    const soon = certificate(1, DAY, ["a.net"]);
    const twins = [
      certificate(2, 80 * DAY, ["a.net"]),
      certificate(2, 90 * DAY, ["a.net"], { CertName: "other" }),
    ];
    expect(said([soon, ...twins], { "a.net": id(1) })).toEqual([
      "a.net: no renewal is listed",
    ]);
  });
});

describe("the renewal", () => {
  const soon = certificate(1, DAY, ["a.net"]);
  const bound = { "live.a.net": id(1) };
  const renewed = "live.a.net: renewed as c2, but not bound to live.a.net";
  const none = "live.a.net: no renewal is listed";

  it.each<[string, readonly Fields[], string]>([
    ["with the name", [certificate(2, 80 * DAY, ["live.a.net"])], renewed],
    ["with its wildcard", [certificate(2, 80 * DAY, ["*.a.net"])], renewed],
    ["spelt otherwise", [certificate(2, 80 * DAY, [" LIVE.A.net."])], renewed],
    ["with a deeper one", [certificate(2, 80 * DAY, ["*.live.a.net"])], none],
    ["with a wider one", [certificate(2, 80 * DAY, ["*.net"])], none],
    ["with the apex", [certificate(2, 80 * DAY, ["a.net"])], none],
    ["with another name", [certificate(2, 80 * DAY, ["b.a.net"])], none],
    ["without names", [certificate(2, 80 * DAY, [])], none],
    ["living longer", [certificate(2, DAY + 1, ["live.a.net"])], renewed],
    ["living as long", [certificate(2, DAY, ["live.a.net"])], none],
    ["living shorter", [certificate(2, DAY - 1, ["live.a.net"])], none],
    [
      "without a readable end",
      [certificate(2, 80 * DAY, ["live.a.net"], { NotAfter: "?" })],
      none,
    ],
    [
      "that begins after its end",
      [certificate(2, 80 * DAY, ["live.a.net"], { days: -1 })],
      none,
    ],
    [
      "that is malformed",
      [certificate(2, 80 * DAY, ["live.a.net"], { Status: undefined })],
      none,
    ],
    [
      "of which there are several: the one that lives longest",
      [
        certificate(3, 70 * DAY, ["live.a.net"]),
        certificate(2, 80 * DAY, ["*.a.net"]),
        certificate(4, 75 * DAY, ["live.a.net", "*.a.net"]),
      ],
      renewed,
    ],
    [
      "of which there are several, the wildcard shorter",
      [
        certificate(2, 80 * DAY, ["live.a.net"]),
        certificate(3, 70 * DAY, ["*.a.net"]),
      ],
      renewed,
    ],
    [
      "without a name of its own goes by its chain id",
      [certificate(2, 80 * DAY, ["live.a.net"], { CertName: "" })],
      `live.a.net: renewed as ${id(2)}, but not bound to live.a.net`,
    ],
  ])("%s", (_, others, expected) => {
    expect(said([soon, ...others], bound)).toEqual([expected]);
    expect(said([...others, soon], bound)).toEqual([expected]);
  });

  it("is found in either spelling of a name that is not ASCII", () => {
    const items = (name: string) => [soon, certificate(2, 80 * DAY, [name])];
    for (const [domain, name] of [
      ["直播.例子.com", "*.xn--fsqu00a.com"],
      ["xn--fsq.xn--fsqu00a.com", "*.例子.com"],
    ] as const) {
      const [sentence] = said(items(name), { [domain]: id(1) });
      expect(sentence).toContain("renewed as c2");
    }
  });

  it("may be one for a domain and none for another", () => {
    expect(
      said([soon, certificate(2, 80 * DAY, ["a.net", "x.a.net"])], {
        "a.net": id(1),
        "b.net": id(1),
      }),
    ).toEqual([
      "a.net: renewed as c2, but not bound to a.net",
      "b.net: no renewal is listed",
    ]);
  });

  it("of two bound ones that could stand for each other is the one that lives longer", () => {
    const both = ["a.net", "b.net"];
    expect(
      said([certificate(1, 5 * DAY, both), certificate(2, 8 * DAY, both)], {
        "a.net": id(1),
        "b.net": id(2),
      }),
    ).toEqual([
      "a.net: renewed as c2, but not bound to a.net",
      "b.net: no renewal is listed",
    ]);
    expect(
      said([certificate(1, 5 * DAY, both), certificate(2, 5 * DAY, both)], {
        "a.net": id(1),
        "b.net": id(2),
      }),
    ).toEqual(["a.net: no renewal is listed", "b.net: no renewal is listed"]);
  });
});

it("agrees with a reading of the rule word for word", () => {
  const names = ["a.net", "b.a.net", "*.a.net", "c.net", "*.net"];
  const item = fc.record({
    n: fc.integer({ min: 1, max: 6 }),
    left: fc.integer({ min: -3, max: 40 }),
    days: fc.constantFrom(7, 47, 90, 398),
    covered: fc.subarray(names),
  });
  const covers = (name: string, domain: string) =>
    name === domain ||
    (name.startsWith("*.") &&
      domain.slice(domain.indexOf(".")) === name.slice(1));
  fc.assert(
    fc.property(
      fc.uniqueArray(item, { selector: ({ n }) => n, maxLength: 6 }),
      fc.dictionary(
        fc.constantFrom("a.net", "b.a.net", "c.net"),
        fc.integer({ min: 1, max: 6 }).map(id),
      ),
      (items, bindings) => {
        const expected = items
          .filter(({ left, days }) => left > 0 && left < Math.min(30, days / 5))
          .flatMap((one) =>
            Object.keys(bindings)
              .filter((domain) => bindings[domain] === id(one.n))
              .map((domain) => ({
                domain,
                isRenewed: items.some(
                  ({ left, covered }) =>
                    left > one.left &&
                    covered.some((name) => covers(name, domain)),
                ),
              })),
          );
        const actual = warned(
          items.map(({ n, left, days, covered }) =>
            certificate(n, left * DAY, covered, { days }),
          ),
          bindings,
        ).flatMap(({ domains }) =>
          domains.map(({ domain, renewedAs }) => ({
            domain,
            isRenewed: renewedAs !== undefined,
          })),
        );
        const sorted = (list: typeof expected) =>
          list.map((one) => JSON.stringify(one)).sort();
        expect(sorted(actual)).toEqual(sorted(expected));
      },
    ),
    { numRuns: 500 },
  );
});

it("looks at each certificate, name and domain a few times, however many there are", () => {
  /** How often a field of what is judged was read. */
  const readsFor = (count: number): number => {
    let reads = 0;
    const counting = <T extends object>(target: T): T =>
      new Proxy(target, {
        get(of, key, receiver): unknown {
          reads += 1;
          return Reflect.get(of, key, receiver);
        },
      });
    const { judgements, domains } = world(
      Array.from({ length: count }, (_, n) =>
        certificate(n + 1, DAY, [`d${String(n)}.net`, "*.shared.net"]),
      ),
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [
          `d${String(n)}.shared.net`,
          id(n + 1),
        ]),
      ),
    );
    const found = expiringInUse(
      judgements.map(({ certificate: { records, ...rest }, ...judgement }) => ({
        ...judgement,
        certificate: counting({ ...rest, records: counting(records) }),
      })),
      domains.map(counting),
      "auto",
      NOW,
    );
    expect(found).toHaveLength(count);
    return reads;
  };
  expect(readsFor(2000) / readsFor(200)).toBeLessThan(11);
});

it("changes no verdict and nothing else of what it is given", () => {
  const { judgements, domains } = world(
    [certificate(1, DAY, ["a.net"]), certificate(2, -30 * DAY, ["a.net"])],
    { "a.net": id(1) },
  );
  const before = JSON.stringify({ judgements, domains });
  const endings = judgements.map(foresee(domains, "auto", NOW));
  expect(endings.filter((ending) => ending !== undefined)).toHaveLength(1);
  expect(expiringInUse(judgements, domains, "auto", NOW)).toHaveLength(1);
  expect(JSON.stringify({ judgements, domains })).toBe(before);
});

describe("a deletion to come", () => {
  it.each<[readonly Reason[], string, number, string | undefined]>([
    [["within-grace"], "2026-11-20T12:00:00Z", 7, "2026-11-27"],
    [["within-grace"], "2026-11-20T02:00:00+08:00", 1, "2026-11-20"],
    [["within-grace", "in-use"], "2026-11-20T12:00:00Z", 7, undefined],
    [["within-grace", "protected"], "2026-11-20T12:00:00Z", 7, undefined],
    [["not-expired"], "2026-11-20T12:00:00Z", 7, undefined],
    [[], "2026-11-20T12:00:00Z", 7, undefined],
  ])(
    "kept for %j, ended %s, grace %i: from %s on",
    (reasons, notAfter, graceDays, day) => {
      expect(noticeOf({ reasons, notAfter }, graceDays)).toBe(
        day && `will be deleted from ${day} on, unless protected`,
      );
    },
  );

  it("comes true on that day, unless it is bound or protected before", () => {
    const items = [certificate(1, -6 * DAY, [])];
    const [before] = judged(items);
    const [{ notAfter }] = before!.certificate.records;
    expect(noticeOf({ ...before!, notAfter }, POLICY.graceDays)).toContain(
      at(NOW + DAY).slice(0, 10),
    );
    const [after] = judged(items, undefined, {}, NOW + DAY);
    expect(after?.verdict).toBe("delete");
  });
});

it.each([
  [0, "less than a day left"],
  [1, "1 day left"],
  [2, "2 days left"],
])("%i days are said as %j", (daysLeft, said) => {
  expect(timeLeft({ daysLeft })).toBe(said);
});
