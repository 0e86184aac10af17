/** Accounts for a second opinion on the verdict: mostly sound records, each with a few troubles right at an edge. */
import { domainToASCII } from "node:url";
import type { Policy } from "../../functions/janitor/verdict.ts";
import { createRandom, type Random } from "../simulation/random.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** One account and how to judge it, as the vendor and the operator put it. */
export interface RawAccount {
  /** RFC 3339. */
  readonly now: string;
  readonly policy: Policy;
  readonly listings: readonly {
    readonly expiring: boolean;
    readonly records: readonly unknown[];
  }[];
  readonly domains: readonly Fields[];
}

const DAY = 86_400_000;
const NOWS = [
  "2026-06-15T12:00:00.000Z",
  "2026-06-15T23:59:59.999Z",
  "2026-06-16T00:00:00.000Z",
  "2028-02-29T23:59:59.999Z",
  "2028-03-01T00:00:00.000Z",
  "2027-01-01T00:00:00.000Z",
];
/**
 * Of the names beyond ASCII only letters on which idna and Node agree: Node also converts what IDNA 2008 has not, such
 * as pictures, takes a last label of digits for an address, and has no bound on a label's length.
 */
const VISIBLE = [
  "live.example.com",
  "push.example.com",
  "example.com",
  "a.live.example.com",
  "other.net",
  "localhost",
  "播放.example.com",
  "münchen.example.com",
  "例子.com",
  "кино.例子.com",
];
/** Names that cover a visible domain, or only seem to. */
const NAMES = [
  ...VISIBLE,
  "LIVE.example.COM",
  "push.example.com.",
  "*.example.com",
  "*.Example.com.",
  "*.live.example.com",
  "*.com",
  " live.example.com ",
  "\tXN--FSQU00A.COM.",
  "例子。com",
  "例子.com。",
  "*。例子.com",
  "кино.xn--fsqu00a.com",
  "*.例子.com",
  "ＬＩＶＥ.example.com",
  "mu\u0308nchen.example.com",
];
const UNSEEN = [
  "gone.example.com",
  "live.example.org",
  "a.b.live.example.com",
  "live.example.com..",
  "example",
  "ñandú.example.org",
];
/** Lists with wildcards: hidden ones mostly, with names that share their fate, or that do not. */
const WILDCARDS = [
  ["*.hidden.net"],
  ["*.example.com"],
  ["*.hidden.net", "hidden.net"],
  ["*.example.com", "gone.example.com"],
  ["*.live.example.com", "live.example.com"],
  ["*.example.com", "*.live.example.com"],
  ["*.com", "*.example.com"],
  ["*.example.com", "a.b.example.com"],
  ["*.example.com", "hidden.net"],
  ["*.кино.example.com", "кино.example.com"],
  ["*.кино.example.com", "播放.кино.example.com"],
  ["*.例子.com", "ñandú.例子.com"],
  ["*.例子.com", "例子.com"],
];
const ODD_NAMES = ["", " ", ".", "*", "w*.example.com", "*.*.example.com"];
const ODD_ENDS = [
  "",
  "0001-01-01T00:00:00Z",
  "0001-01-01T08:00:00+08:00",
  "0000-01-01T00:00:00Z",
  "1970-01-01T00:00:00Z",
  "1970-01-01T08:00:00+08:00",
  "2023-02-29T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2024-02-30T00:00:00Z",
  "2024-04-31T00:00:00Z",
  "2024-00-10T00:00:00Z",
  "2024-13-10T00:00:00Z",
  "2024-01-00T00:00:00Z",
  "2024-01-01T24:00:00Z",
  "2024-01-01T23:60:00Z",
  "2016-12-31T23:59:60Z",
  "2024-01-01T00:00:00",
  "2024-01-01 00:00:00Z",
  "2024-01-01t00:00:00z",
  "2024-01-01T00:00Z",
  "2024-01-01T00:00:00.Z",
  "2024-01-01T00:00:00+0800",
  "2024-01-01T00:00:00+08",
  "2024-01-01T00:00:00+24:00",
  "2024-01-01T00:00:00+08:60",
  "2024-01-01T00:00:00Z ",
  "2024-01-01T00:00:00Z\n",
  "２０２４-01-01T00:00:00Z",
  "+2024-01-01T00:00:00Z",
  "24-01-01T00:00:00Z",
  "20240101T000000Z",
  "1704067200",
  "Mon, 01 Jan 2024 00:00:00 GMT",
];
/** Odd too, and yet each is a moment long ago. */
const GOOD_ENDS = [
  "2024-02-29T00:00:00Z",
  "2000-02-29T23:59:59+00:00",
  "2024-01-01T00:00:00-00:00",
  "2024-01-01T00:00:00.000000000001Z",
  "2024-01-01T00:00:00+23:59",
  "0400-02-29T00:00:00Z",
  "1970-01-01T00:00:00.001Z",
];

/** The moment, in one of the ways in which RFC 3339 writes it. */
function written(random: Random, at: number): string {
  const zone = (minutes: number, name: string): string =>
    new Date(at + minutes * 60_000).toISOString().replace("Z", name);
  switch (random.int(0, 5)) {
    case 0:
      return zone(480, "+08:00");
    case 1:
      return zone(-570, "-09:30");
    case 2:
      return zone(0, "-00:00").replace(/\.000/, "");
    case 3:
      return zone(0, "000000Z");
    default:
      return zone(0, "Z").replace(/\.000/, "");
  }
}

/** Cases of letters that make no difference to an identifier. */
function recased(random: Random, id: string): string {
  return random.chance(0.3) ? id.toUpperCase() : id;
}

/** Ways to write a name that make no difference. */
function respelled(random: Random, name: string): string {
  let written = (random.chance(0.3) && domainToASCII(name)) || name;
  if (random.chance(0.2)) written = written.toUpperCase();
  // One dot at the end makes no difference, a second one does.
  if (random.chance(0.1) && !/[.。]$/.test(name)) written = `${written}.`;
  if (random.chance(0.05)) written = ` ${written} `;
  return written;
}

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : "";

type Change = (
  fields: Fields,
  random: Random,
  account: { readonly now: number; readonly graceDays: number },
) => Fields;

const set =
  (name: string, ...values: readonly unknown[]): Change =>
  (fields, random) => ({ ...fields, [name]: random.pick(values) });

/** What makes a record one to keep, or only looks so. */
const TROUBLES: readonly Change[] = [
  set("ChainID", "", null, 5, "21614", undefined),
  (fields, random) => ({
    ...fields,
    ChainID: random.pick([
      textOf(fields["ChainID"]).slice(1),
      `${textOf(fields["ChainID"])}0`,
      ` ${textOf(fields["ChainID"]).slice(1)}`,
      textOf(fields["ChainID"]).replace(/.$/, "g"),
    ]),
  }),
  set("Status", "OK", "expire", "Expired", "7days", "", null, undefined, 1),
  set("NotAfter", null, undefined, 1_704_067_200, ...ODD_ENDS),
  set("NotAfter", ...ODD_ENDS),
  set("NotBefore", null, undefined, {}, ...ODD_ENDS),
  set("NotAfter", ...GOOD_ENDS),
  set("NotBefore", ...GOOD_ENDS),
  set("NotBefore", "2099-01-01T00:00:00Z"),
  (fields) => ({ ...fields, NotBefore: fields["NotAfter"] }),
  set("CertDomainList", "live.example.com", [5], {}, 0, false, ["a", null]),
  set("CertDomainList", null, undefined, [], [""], [" "], ["", "other.net"]),
  (fields, random) => ({
    ...fields,
    CertDomainList: [random.pick(UNSEEN), random.pick(NAMES)],
  }),
  (fields, random) => ({
    ...fields,
    CertDomainList: [random.pick(UNSEEN), random.pick(ODD_NAMES)],
  }),
  ...[0, 1].map((): Change => (fields, random) => {
    const names = random.pick(WILDCARDS).map((name) => respelled(random, name));
    if (random.chance(0.2)) names.push(random.pick(NAMES));
    return {
      ...fields,
      CertDomainList: random.chance(0.5) ? names : names.toReversed(),
    };
  }),
  set("ProjectName", "video", "Default", "default ", "", null, undefined),
  // Around now, and around the end of grace.
  ...[0, 1, 1].map(
    (graces): Change =>
      (fields, random, { now, graceDays }) => ({
        ...fields,
        NotAfter: written(
          random,
          now -
            graces * graceDays * DAY +
            random.pick([0, 1, -1, 1000, -1000, DAY, -DAY]),
        ),
      }),
  ),
  (fields, random, { now }) => ({
    ...fields,
    NotAfter: written(random, now + random.int(1, 90) * DAY),
    Status: random.pick(["OK", "30days", "1days", "Expire"]),
  }),
];

function createPolicy(random: Random, now: number): Policy {
  const day = (days: number): string =>
    new Date(now + days * DAY).toISOString().slice(0, 10);
  const rule = () => {
    const until = random.pick([undefined, day(-1), day(0), day(0), day(1)]);
    return {
      ...random.pick([
        { match: "chainId", value: "0*" },
        { match: "chainId", value: `${"?".repeat(31)}F` },
        { match: "name", value: "legal-hold-*" },
        { match: "name", value: "*-root" },
        { match: "name", value: "l?af[1]" },
        { match: "name", value: "?网课" },
        { match: "name", value: "" },
        { match: "domain", value: "LIVE.example.com" },
        { match: "domain", value: "*.live.*" },
        { match: "domain", value: "pu**.example.com?" },
        { match: "domain", value: " push.example.com." },
        { match: "domain", value: "XN--FSQU00A.*" },
        { match: "domain", value: "*.例子.com" },
        { match: "domain", value: "*.xn--fsqu00a.com" },
        { match: "domain", value: "例?.COM" },
        { match: "domain", value: "MÜN*.example.com." },
        { match: "domain", value: "xn--m?chen-3ya.example.com" },
        { match: "domain", value: "xn--m?nchen-3ya.example.com" },
        { match: "domain", value: "xn--mnchen-*" },
        { match: "domain", value: "кино.例子。com" },
        { match: "name", value: "n\u0303andu\u0301-*" },
        { match: "name", value: "xn--and-*" },
        { match: "name", value: "XN--FSQU00A.com" },
        { match: "name", value: "0.0.*" },
        { match: "name", value: "live.example.com." },
        { match: "chainId", value: " 0* " },
      ] as const),
      owner: "video team",
      ...(until !== undefined && { until }),
    };
  };
  return {
    graceDays: random.pick([0, 1, 7, 7, 30, 3650]),
    unseenDomains: random.chance(0.7) ? "keep" : "ignore",
    projectNames: random.pick([[], [], ["default"], ["default", "concerts"]]),
    protect: random.chance(0.5) ? Array.from({ length: 5 }, rule) : [],
  };
}

/** Sound, and expired for as long as it takes. */
function soundRecord(random: Random, now: number, graceDays: number): Fields {
  const notAfter = now - (graceDays + random.int(1, 400)) * DAY;
  return {
    ChainID: recased(random, random.hex(32)),
    ChainIDVolc: random.chance(0.3) ? "" : recased(random, random.hex(32)),
    CertID: random.chance(0.2) ? "" : String(random.int(1e6, 9e6)),
    CertName: random.pick([
      ...["old one", "old one", "Legal-Hold-2021", "video-ROOT", "leaf[1]"],
      ...["📺网课", "x网课", "网课", "", "2024"],
      ...["Ñandú-1", "ñandú-старый", "Ñandú 1", "例子.com", "xn--fsqu00a.com"],
      ...[" Live.example.com", "live.example.com."],
    ]),
    CertDomainList: Array.from({ length: random.int(0, 2) }, () =>
      respelled(random, random.pick(NAMES)),
    ),
    NotBefore: written(random, notAfter - 90 * DAY),
    NotAfter: written(random, notAfter),
    CreateTime: "in spring",
    Status: "Expire",
    ProjectName: random.pick(["default", "default", "concerts"]),
  };
}

/** What the vendor lists once more under the same chain id. */
function twinOf(random: Random, fields: Fields): unknown {
  const reversed = Object.fromEntries(Object.entries(fields).reverse());
  return random.pick<unknown>([
    fields,
    reversed,
    { ...fields, ChainID: textOf(fields["ChainID"]).toUpperCase() },
    { ...fields, CreateTime: "in autumn", Extra: [1] },
    { ...fields, CertName: "another name" },
    { ...fields, CertDomainList: ["live.example.com"] },
    { ...fields, NotAfter: "2024-01-01T00:00:00Z" },
    { ...fields, Status: "OK" },
    { ...fields, CertID: "1" },
  ]);
}

function createDomains(random: Random, records: readonly Fields[]): Fields[] {
  if (random.chance(0.1)) return [];
  // Distinct ones, as the vendor lists them.
  return VISIBLE.filter(() => random.chance(0.6)).map((name) => {
    const owner = random.pick(records);
    const id = textOf(owner[random.pick(["ChainID", "ChainIDVolc", "CertID"])]);
    const boundTo = random.chance(0.55)
      ? ""
      : random.chance(0.8)
        ? recased(random, id)
        : random.pick<unknown>([random.hex(32), "21614", null, undefined, 7]);
    return {
      Domain: respelled(random, name),
      ChainID: boundTo,
      CertDomain: random.chance(boundTo === "" ? 0.04 : 0.6)
        ? "*.example.com"
        : random.pick(["", "", null, undefined]),
      Status: random.int(0, 6),
    };
  });
}

/** Always the same account for the same seed. */
export function createRawAccount(seed: number): RawAccount {
  const random = createRandom(seed, "verdict");
  const now = random.chance(0.7)
    ? Date.parse(random.pick(NOWS))
    : Date.UTC(2026, 0, 1) + random.int(0, 3 * 365 * DAY);
  const policy = createPolicy(random, now);
  const { graceDays } = policy;
  const listings = [true, true, false, false].map((expiring) => ({
    expiring,
    records: [] as unknown[],
  }));
  const [expired, disabled, unexpired] = listings;
  const records = Array.from({ length: random.int(1, 6) }, () => {
    let fields = soundRecord(random, now, graceDays);
    for (let left = random.pick([0, 0, 1, 1, 2, 3]); left > 0; left--) {
      fields = random.pick(TROUBLES)(fields, random, { now, graceDays });
    }
    return fields;
  });
  // Identifiers of two certificates that collide across their kinds.
  const [first, second] = records;
  if (first !== undefined && second !== undefined && random.chance(0.15)) {
    records[1] = { ...second, ChainIDVolc: first["ChainID"] };
  }
  for (const fields of records) {
    const usual = random.chance(0.8) ? expired : disabled;
    const listing = random.chance(0.06) ? unexpired : usual;
    listing?.records.push(fields);
    if (random.chance(0.1)) {
      random.pick([expired, disabled])?.records.push(twinOf(random, fields));
    }
    if (random.chance(0.04)) unexpired?.records.push(fields);
  }
  if (random.chance(0.02)) expired?.records.push(random.pick([null, 5, []]));
  return {
    now: new Date(now).toISOString(),
    policy,
    listings,
    domains: createDomains(random, records),
  };
}
