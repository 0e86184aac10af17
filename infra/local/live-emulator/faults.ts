import { LiveError, liveError } from "./envelope.ts";

/** The ways to fail, and the fields that each takes beside `action`, `times` and `skip`; those marked ! it needs. */
const KINDS = {
  /** An HTTP 200 that says it failed, docs/6469/1126818. */
  CommonErr: ["codeN"],
  throttle: ["retryAfter"],
  "http-500": [],
  "http-502-html": [],
  "http-503-html": [],
  /** The action takes place, the answer says that there was none in time. */
  "http-504-after": [],
  "reset-after": [],
  "reset-before": [],
  hang: [],
  slow: ["ms!"],
  /** One byte at a time, `ms` apart. */
  trickle: ["ms!"],
  /** The connection ends in the middle of the body. */
  truncate: [],
  "not-json": [],
  empty: [],
  error: ["status!", "code!", "codeN"],
  "no-date": [],
  "date-skew": ["seconds!"],
  /** Valid JSON, but 9 MB of it. */
  "huge-body": [],
  "total-lies": ["delta!"],
  /** The page before the one asked for. */
  "repeat-page": [],
} as const satisfies Record<string, readonly string[]>;

export type FaultKind = keyof typeof KINDS;

/** A failure to come. */
export interface Fault {
  readonly kind: FaultKind;
  /** @default every action */
  readonly action?: string;
  /** How many requests it meets. @default 1 */
  readonly times?: number;
  /** How many matching requests pass before, those that an earlier fault meets not counted. @default 0 */
  readonly skip?: number;
  readonly codeN?: number;
  /** The header, in seconds. */
  readonly retryAfter?: number;
  readonly ms?: number;
  readonly status?: number;
  readonly code?: string;
  /** Seconds by which the `Date` header is wrong. */
  readonly seconds?: number;
  /** What is added to `Total`. */
  readonly delta?: number;
}

const COMMON = ["kind", "action", "times", "skip"];
const TEXTS = ["kind", "action", "code"];

function isKind(value: unknown): value is FaultKind {
  return typeof value === "string" && Object.hasOwn(KINDS, value);
}

/**
 * What is wrong with a fault, undefined if nothing is. A fault that means nothing would let a test pass for no reason.
 */
function problemOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null)
    return "a fault is an object";
  const kind: unknown = Reflect.get(value, "kind");
  if (!isKind(kind))
    return `kind must be one of ${Object.keys(KINDS).join(", ")}`;
  const fields: readonly string[] = KINDS[kind];
  const needed = fields
    .filter((field) => field.endsWith("!"))
    .map((field) => field.slice(0, -1));
  const permitted = [
    ...COMMON,
    ...fields.map((field) => field.replace("!", "")),
  ];
  for (const name of Object.keys(value)) {
    if (!permitted.includes(name))
      return `${kind} has no ${name}; permitted: ${permitted.join(", ")}`;
    const type = TEXTS.includes(name) ? "string" : "number";
    if (typeof Reflect.get(value, name) !== type)
      return `${name} must be a ${type}`;
  }
  const absent = needed.filter((name) => !Object.hasOwn(value, name));
  return absent.length > 0 ? `${kind} needs ${absent.join(", ")}` : undefined;
}

function assertFault(value: unknown): asserts value is Fault {
  const problem = problemOf(value);
  if (problem !== undefined) throw new TypeError(problem);
}

/**
 * Reads one fault or a list of them.
 * @throws TypeError that names what is permitted
 */
export function readFaults(value: unknown): readonly Fault[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one) => {
    assertFault(one);
    return one;
  });
}

/** The faults to come, first come, first served. */
interface FaultQueue {
  /** @throws TypeError on a fault that means nothing */
  readonly add: (fault: Fault) => void;
  readonly clear: () => void;
  /** The fault that this request meets. */
  readonly take: (action: string) => Fault | undefined;
  readonly pending: () => readonly Fault[];
}

export function createFaultQueue(): FaultQueue {
  let queue: { fault: Fault; skip: number; left: number }[] = [];
  return {
    add(fault) {
      assertFault(fault);
      queue.push({ fault, skip: fault.skip ?? 0, left: fault.times ?? 1 });
    },
    clear() {
      queue = [];
    },
    take(action) {
      for (const entry of queue) {
        const { fault } = entry;
        if (fault.action !== undefined && fault.action !== action) continue;
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        entry.left -= 1;
        if (entry.left < 1) queue = queue.filter((one) => one !== entry);
        return fault;
      }
      return undefined;
    },
    pending: () =>
      queue.map(({ fault, skip, left }) => ({ ...fault, skip, times: left })),
  };
}

/** The failure that the fault puts in place of the action, undefined where the action takes place. */
export function failureInstead({
  kind,
  code = "",
  status = 500,
  codeN,
}: Fault): LiveError | undefined {
  if (kind === "error")
    return new LiveError(code, status, codeN, "Told to fail.");
  if (kind === "throttle") return liveError("FlowLimitExceeded");
  if (kind === "http-500") return liveError("InternalError");
  if (kind !== "CommonErr") return undefined;
  const { message } = liveError(kind);
  return new LiveError(kind, 200, codeN, message);
}

/** Faults that come from in front of the service, which never sees the request. */
export function isBeforeTheService({ kind }: Fault): boolean {
  return ["http-502-html", "http-503-html", "reset-before", "hang"].includes(
    kind,
  );
}
