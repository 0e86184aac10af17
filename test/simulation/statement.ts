/**
 * What may be deleted, stated a second time: over the raw records as the vendor served them, without any code of
 * the product, slowly and close to the text of the contract. Simulation and property tests compare the two.
 */

import { domainToASCII, domainToUnicode } from "node:url";

export interface Rule {
  readonly match: "chainId" | "name" | "domain";
  readonly value: string;
  readonly until?: string;
}

export interface StatedPolicy {
  readonly graceDays: number;
  readonly unseenDomains: "keep" | "ignore";
  readonly projectNames: readonly string[];
  readonly protect: readonly Rule[];
}

export interface Evidence {
  readonly listings: readonly {
    readonly expiring: boolean;
    readonly records: readonly unknown[];
  }[];
  readonly domains: readonly unknown[];
}

type Fields = Readonly<Record<string, unknown>>;

/** What the statement says of one chain id. */
export interface Stated {
  readonly deletable: boolean;
  readonly inUse: boolean;
  /** A request that names it is refused unless forced: in use, out of sight or protected. */
  readonly refused: boolean;
  /** When a record whose data nobody contradicts ends, and how long it was to live; undefined where that cannot be told. */
  readonly life:
    { readonly ends: number; readonly lasts: number | undefined } | undefined;
  /** The visible domains that are bound to one of its identifiers. */
  readonly boundTo: readonly string[];
  /** All its records have ended, and it is in use. */
  readonly expiredInUse: boolean;
  /** All its records have ended, nothing settles it, and what is known of it does not fit together. */
  readonly contradictory: boolean;
}

const DAY = 24 * 60 * 60 * 1000;

function fieldsOf(item: unknown): Fields {
  return typeof item === "object" && item !== null && !Array.isArray(item)
    ? (item as Fields)
    : {};
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

function namesOf(fields: Fields): readonly string[] | undefined {
  const list = fields["CertDomainList"];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) return undefined;
  const names = list.filter((item): item is string => typeof item === "string");
  return names.length === list.length ? names : undefined;
}

const withoutDot = (name: string): string =>
  name.endsWith(".") ? name.slice(0, -1) : name;

const isAscii = (value: string): boolean => !/[^\0-\x7f]/.test(value);

/** Hands labels to the engine's URL parser, and nothing that means more to it than a label. */
function converted(
  host: string,
  convert: (host: string) => string,
): string | undefined {
  const isHost = Array.from(host).every((c) => c > "\x7f" || /[\w.-]/.test(c));
  return isHost ? convert(host) || undefined : undefined;
}

/** The form in which two names are compared. */
export function comparing(name: string): string {
  const plain = withoutDot(name.trim()).toLowerCase();
  if (isAscii(plain)) return plain;
  const [star, host] = isWildcard(plain) ? ["*.", plain.slice(2)] : ["", plain];
  const ascii = converted(host, domainToASCII);
  return ascii === undefined ? plain : withoutDot(star + ascii);
}

const isWildcard = (name: string): boolean => name.startsWith("*.");

/** Each label of a name or glob in one script, those left alone that the engine would take for something else. */
function inLabels(value: string, convert: (label: string) => string): string {
  return value
    .toLowerCase()
    .split(".")
    .map((label) =>
      isAscii(label) && !label.startsWith("xn--")
        ? label
        : (converted(label, convert) ?? label),
    )
    .join(".");
}

/** A name or glob in every way in which somebody may have written it. */
function spelled(value: string): readonly string[] {
  const plain = withoutDot(value.trim());
  if (isAscii(value) && !/xn--/i.test(value))
    return plain === value ? [value] : [value, plain];
  return [
    value,
    plain,
    inLabels(plain, domainToUnicode),
    inLabels(plain, domainToASCII),
  ];
}

const idsOf = (fields: Fields): string[] =>
  ["ChainID", "ChainIDVolc", "CertID"]
    .map((name) => text(fields, name).toLowerCase())
    .filter((id) => id !== "");

/** Milliseconds, and whether a part of the next one has begun; undefined unless strict RFC 3339 and a real moment. */
export function moment(value: string): number | undefined {
  const parts =
    /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})$/.exec(
      value,
    );
  if (parts === null) return undefined;
  const [, date = "", time = "", fraction = "", zone = ""] = parts;
  // The engine accepts 24:00 and rolls impossible days over: what it makes of the text must read the same again.
  const utc = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(utc)) return undefined;
  if (new Date(utc).toISOString() !== `${date}T${time}.000Z`) return undefined;
  const [hours = 0, minutes = 0] =
    zone === "Z" ? [0, 0] : zone.slice(1).split(":").map(Number);
  if (hours > 23 || minutes > 59) return undefined;
  const shift = (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60e3;
  const whole = Number(fraction.slice(0, 3).padEnd(3, "0"));
  const rest = /[1-9]/.test(fraction.slice(3)) ? 1 : 0;
  const at = utc + whole + rest - shift;
  return Number(date.slice(0, 4)) <= 1 || at === 0 ? undefined : at;
}

const patterns = new Map<string, RegExp>();

export function glob(pattern: string, value: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    const source = Array.from(pattern.toLowerCase())
      .map((c) =>
        c === "*"
          ? "[^]*"
          : c === "?"
            ? "[^]"
            : c.replace(/[\\^$.|+()[\]{}/]/u, "\\$&"),
      )
      .join("");
    compiled = new RegExp(`^${source}$`, "u");
    patterns.set(pattern, compiled);
  }
  return compiled.test(value.toLowerCase());
}

/** The binding of a domain: an identifier, '' for none, or undefined for one that nobody can name. */
function bindingOf(domain: Fields): string | undefined {
  const id = domain["ChainID"];
  const hint = domain["CertDomain"];
  if (typeof id !== "string") return undefined;
  if (id === "" && hint !== undefined && hint !== null && hint !== "")
    return undefined;
  return id.toLowerCase();
}

/** Whether a name covers a domain, both in the comparing form. */
export function covers(name: string, domain: string): boolean {
  const dot = domain.indexOf(".");
  return name === domain || (dot >= 0 && name === `*${domain.slice(dot)}`);
}

interface Domain {
  readonly name: string;
  readonly binding: string | undefined;
  /** Its binding is no identifier of any listed certificate. */
  readonly unknown: boolean;
}

function comparableNames(record: Fields): string[] {
  return (namesOf(record) ?? []).map(comparing).filter((name) => name !== "");
}

function usedBy(record: Fields, domains: readonly Domain[]): boolean {
  const ids = idsOf(record);
  const names = comparableNames(record);
  return domains.some(
    ({ name: domain, binding, unknown }) =>
      (binding !== undefined && binding !== "" && ids.includes(binding)) ||
      (unknown &&
        (names.length === 0 || names.some((name) => covers(name, domain)))),
  );
}

/** Whether one of its names, or all of it, might be about a domain that this key cannot see. */
function isUnseen(record: Fields, domains: readonly Domain[]): boolean {
  const names = comparableNames(record);
  if (names.length === 0) return domains.length === 0;
  return names.some((name) => {
    if (domains.some((domain) => covers(name, domain.name))) return false;
    const sharesFate =
      !isWildcard(name) &&
      names.some(
        (other) =>
          isWildcard(other) && (other === `*.${name}` || covers(other, name)),
      );
    return !sharesFate;
  });
}

function isProtected(record: Fields, rules: readonly Rule[], now: number) {
  const matches = (rule: Rule, value: string): boolean => {
    const globs = spelled(rule.value);
    return spelled(value).some((one) =>
      globs.some((pattern) => glob(pattern, one)),
    );
  };
  return rules.some((rule) => {
    if (rule.until !== undefined) {
      const [year = 0, month = 0, day = 0] = rule.until.split("-").map(Number);
      if (now >= Date.UTC(year, month - 1, day) + DAY) return false;
    }
    switch (rule.match) {
      case "chainId":
        return glob(rule.value, text(record, "ChainID"));
      case "name":
        return matches(rule, text(record, "CertName"));
      case "domain":
        return (namesOf(record) ?? []).some((name) => matches(rule, name));
    }
  });
}

/** Whether a record has all that it must have, and says that it has expired. */
function isExpiredAndSound(record: Fields, now: number): boolean {
  const sound =
    /^[0-9a-f]{32}$/i.test(text(record, "ChainID")) &&
    ["NotBefore", "NotAfter", "Status"].every(
      (name) => typeof record[name] === "string",
    ) &&
    namesOf(record) !== undefined;
  const from = moment(text(record, "NotBefore"));
  const to = moment(text(record, "NotAfter"));
  return (
    sound &&
    from !== undefined &&
    to !== undefined &&
    from < to &&
    to <= now &&
    record["Status"] === "Expire"
  );
}

/** The data of a record, to tell whether two of one chain id contradict each other. */
function dataOf(record: Fields): string {
  return JSON.stringify([
    idsOf(record),
    namesOf(record),
    ...["CertName", "NotBefore", "NotAfter", "Status", "ProjectName"].map(
      (name) => text(record, name),
    ),
  ]);
}

function lifeOf(
  records: readonly Fields[],
  projectNames: readonly string[],
): Stated["life"] {
  const [record = {}] = records;
  const isOurs =
    projectNames.length === 0 ||
    projectNames.includes(text(record, "ProjectName"));
  const ends = moment(text(record, "NotAfter"));
  if (!isOurs || ends === undefined || new Set(records.map(dataOf)).size > 1)
    return undefined;
  const begins = moment(text(record, "NotBefore"));
  return { ends, lasts: begins === undefined ? undefined : ends - begins };
}

/** Whether it is about to expire in use, so that somebody has to be warned. */
export function isExpiringInUse(
  { life, boundTo }: Stated,
  warnDays: "auto" | number,
  now: number,
): boolean {
  if (life === undefined || boundTo.length === 0 || life.ends <= now)
    return false;
  const { ends, lasts = 0 } = life;
  const auto = lasts > 0 ? Math.min(30 * DAY, lasts / 5) : 30 * DAY;
  return ends - now < (warnDays === "auto" ? auto : warnDays * DAY);
}

/** For each chain id in lower case: may it be deleted at `now`, is it in use. */
export function state(
  evidence: Evidence,
  policy: StatedPolicy,
  now: number,
): Map<string, Stated> {
  const listed = evidence.listings.flatMap(({ expiring, records }) =>
    records.map((item) => ({ expiring, record: fieldsOf(item) })),
  );
  const known = new Set(listed.flatMap(({ record }) => idsOf(record)));
  const domains = evidence.domains.map(fieldsOf).map((domain): Domain => {
    const binding = bindingOf(domain);
    return {
      name: comparing(text(domain, "Domain")),
      binding,
      unknown: binding === undefined || (binding !== "" && !known.has(binding)),
    };
  });
  const byId = new Map<string, typeof listed>();
  for (const entry of listed) {
    const id = text(entry.record, "ChainID").toLowerCase();
    if (id === "") continue;
    const entries = byId.get(id);
    if (entries === undefined) byId.set(id, [entry]);
    else entries.push(entry);
  }
  return new Map(
    [...byId].map(([id, entries]) => {
      const records = entries.map(({ record }) => record);
      const inUse = records.some((record) => usedBy(record, domains));
      const isHeld = records.some((record) =>
        isProtected(record, policy.protect, now),
      );
      const refused =
        inUse ||
        isHeld ||
        (policy.unseenDomains === "keep" &&
          records.some((record) => isUnseen(record, domains)));
      const ends = records.map((record) => moment(text(record, "NotAfter")));
      const isPast = (days: number): boolean =>
        ends.every((end) => end !== undefined && end + days * DAY <= now);
      const isAgreed =
        new Set(records.map(dataOf)).size === 1 &&
        entries.every(
          ({ expiring, record }) => expiring && isExpiredAndSound(record, now),
        );
      const isOurs =
        policy.projectNames.length === 0 ||
        records.every((record) =>
          policy.projectNames.includes(text(record, "ProjectName")),
        );
      const ids = new Set(records.flatMap(idsOf));
      const boundTo = domains.flatMap(({ name, binding = "" }) =>
        binding !== "" && ids.has(binding) ? [name] : [],
      );
      const stated: Stated = {
        deletable: !refused && isAgreed && isOurs && isPast(policy.graceDays),
        inUse,
        refused,
        life: lifeOf(records, policy.projectNames),
        boundTo,
        expiredInUse: inUse && isPast(0),
        contradictory: !isAgreed && !isHeld && isPast(policy.graceDays),
      };
      return [id, stated];
    }),
  );
}
