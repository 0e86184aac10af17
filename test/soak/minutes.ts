/**
 * Command: the local system for real, under mixed load, with faults of the vendor and kill -9 of the emulator and of the
 * function process at random; at the end, what could be deleted is gone, nothing else is, and nothing leaked.
 *
 *   --minutes M   how long the load lasts (10)      --seed N   of what is drawn (1); the timing is real
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { PROBLEMS } from "../../functions/contract/problems.ts";
import { startLoopbackServer } from "../../infra/local/loopback-server.ts";
import { startSecretsManagerEmulator } from "../../infra/local/secrets-manager-emulator.ts";
import { createRandom } from "../simulation/random.ts";
import { bundleOf } from "../world/bundle.ts";
import { KEY } from "../world/key.ts";
import { Account, GRACE_DAYS, PROTECT } from "./account.ts";
import { megabytes, slopeOf } from "./slope.ts";

const MINUTE = 60_000;
/** Of the time, that in which there are kills; memory is measured in the rest, after a warm-up of a minute at the most. */
const KILLS = 0.6;
const WARM_UP = 0.1;
/** Megabytes a minute by which heap and process may grow, and the seconds below which that is shown and not judged. */
const FLAT = { heap: 0.5, rss: 3 };
const LONG_ENOUGH = 60;
/** A small Lambda function's. */
const HEAP = "--max-old-space-size=160";
const SECRET_ID = "live-cert-janitor/soak";
/** Whatever was asked, a vendor that fails may be the answer. */
const TROUBLE = ["vendor-throttled", "vendor-error", "vendor-timeout"];
const FAULTS: readonly object[] = [
  ..."http-502-html reset-before truncate not-json empty no-date hang"
    .split(" ")
    .map((kind) => ({ kind })),
  ..."CommonErr http-504-after reset-after"
    .split(" ")
    .map((kind) => ({ kind, action: "DeleteCert" })),
  { kind: "throttle", action: "DeleteCert", retryAfter: 1 },
  { kind: "throttle", times: 2 },
  { kind: "http-500", times: 2 },
  { kind: "http-503-html", times: 6 },
  { kind: "slow", ms: 1500 },
  { kind: "total-lies", action: "ListDomainDetail", delta: 1 },
];

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return Object.fromEntries(
    Object.entries(typeof value === "object" && value !== null ? value : {}),
  );
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 600))
  throw new Error("--minutes is a number up to 600");
const random = createRandom(Number(values.seed), "minutes");
const account = new Account(random.fork("account"));
const draw = random.fork("load");
const violations: string[] = [];
/** Answers, doings and log lines, by name. */
const counts = new Map<string, number>();

function count(what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** A process that may be killed at any time, and is started again where it was. */
class Victim {
  /** When it was not there, from the kill until it was ready again. */
  readonly outages: { readonly from: number; until: number }[] = [];
  readonly #start: () => ChildProcess;
  #child: ChildProcess | undefined;

  constructor(start: () => ChildProcess) {
    this.#start = start;
  }

  /** Resolves with its first message. */
  async up(): Promise<void> {
    const child = this.#start();
    this.#child = child;
    child.on("exit", (code, signal) => {
      if (this.#child === child)
        violations.push(`a process ended by itself: ${String(code ?? signal)}`);
    });
    child.stderr?.on("data", (data) => {
      violations.push(`on stderr: ${String(data)}`);
    });
    await once(child, "message", { signal: AbortSignal.timeout(20_000) });
  }

  /** kill -9; resolves when it is gone and all that it said has been heard. */
  async down(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const gone = once(child, "close");
    child.kill("SIGKILL");
    await gone;
  }

  async restart(): Promise<void> {
    const outage = { from: performance.now(), until: Infinity };
    this.outages.push(outage);
    await this.down();
    await this.up();
    outage.until = performance.now();
  }

  send(message: object): void {
    if (this.#child?.connected === true) this.#child.send(message);
  }

  /** Whether it was not there at some time since `from`, or shortly before. */
  wasAway(from = performance.now()): boolean {
    return this.outages.some(({ until }) => until + 500 >= from);
  }
}

/** The address of a port that is free, and stays the same for the whole soak. */
async function free(): Promise<string> {
  const server = await startLoopbackServer(0, () => undefined);
  await server.close();
  return server.url;
}

const url = {
  live: await free(),
  admin: await free(),
  api: await free(),
  lambda: await free(),
};
const file = await bundleOf(new URL("process.ts", import.meta.url));
const secrets = await startSecretsManagerEmulator({
  secrets: { [SECRET_ID]: JSON.stringify(KEY) },
});
/** Chain ids that the emulator is known to have had since it started, and of which a log line says "deleted". */
const there = new Set<unknown>();
const claimed = new Set<unknown>();
const live = new Victim(() => {
  // What it had done and nobody had seen is lost with it, and the word for it as well.
  there.clear();
  for (const id of account.certificates.keys()) claimed.delete(id);
  const args = ["live", url.live, url.admin];
  const child = fork(file, args, { silent: true, execArgv: [], env: {} });
  child.on("message", (ids) => {
    if (Array.isArray(ids)) for (const id of ids) there.add(id);
  });
  const certificates = [...account.certificates.values()];
  child.send({ certificates, domains: account.domains });
  return child;
});

/** Of the function process that is alive now; the first before anything was asked of it. */
const beats: { readonly at: number; readonly vitals: Fields }[] = [];
const functions = new Victim(() => {
  beats.length = 0;
  const child = fork(file, ["functions", url.api, url.lambda], {
    silent: true,
    execArgv: ["--expose-gc", HEAP],
    env: {
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      AWS_ENDPOINT_URL_LAMBDA: url.lambda,
      VOLCENGINE_SECRET_ID: SECRET_ID,
      VOLCENGINE_ENDPOINT: url.live,
      GRACE_DAYS: String(GRACE_DAYS),
      MAX_DELETIONS: "1000",
      DRY_RUN: "false",
      PROTECT,
      SWEEP_FUNCTION_NAME: "sweep",
    },
  });
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on("line", hear);
  return child;
});

/** Hears a log line of the functions. */
function hear(text: string): void {
  if (text.includes(KEY.secretAccessKey))
    violations.push("a secret in a log line");
  let line: Fields;
  try {
    line = fieldsOf(JSON.parse(text));
  } catch {
    // A kill may cut the last one.
    if (!functions.wasAway()) violations.push(`no log line: ${text}`);
    return;
  }
  const { event, outcome, chainId } = line;
  if (event === "vitals") {
    beats.push({ at: performance.now(), vitals: line });
    return;
  }
  count(`line ${String(event)}`);
  if (event !== "delete-outcome" || outcome !== "deleted") return;
  if (claimed.has(chainId) && !live.wasAway())
    violations.push(`${String(chainId)} is called deleted twice`);
  claimed.add(chainId);
}

/** Looks at the truth, which is the emulator's state. */
async function look(): Promise<void> {
  const from = performance.now();
  const known = [...there];
  try {
    const response = await fetch(`${url.admin}/state`);
    const { certificates } = fieldsOf(await response.json());
    if (!Array.isArray(certificates)) throw new Error("no state");
    if (live.wasAway(from)) return;
    const left = new Set(certificates.map((one) => fieldsOf(one)["chainId"]));
    for (const id of known.filter((id) => !left.has(id))) {
      there.delete(id);
      const wrong = account.gone(String(id));
      if (wrong !== undefined) violations.push(wrong);
    }
  } catch (error) {
    if (!live.wasAway(from)) throw error;
  }
}

/** Asks the functions; undefined if a kill broke the connection, which nothing else may. */
async function ask(what: string, address: string, init: RequestInit) {
  const from = performance.now();
  try {
    const signal = AbortSignal.timeout(120_000);
    const response = await fetch(address, { ...init, signal });
    const text = await response.text();
    const body = fieldsOf(JSON.parse(text === "" ? "{}" : text));
    return { response, text, body };
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    if (functions.wasAway(from)) count("connection broken by a kill");
    else violations.push(`${what}: ${String(cause)}, and nobody was killed`);
    return undefined;
  }
}

/** `ok` or the problem's name, if the answer is one of the contract's. */
function nameOf({ status, ok, headers }: Response, body: Fields): string {
  const type = headers.get("content-type");
  if ((headers.get("x-request-id") ?? "") === "") return "without an id";
  if (ok && type === "application/json") return "ok";
  const found = Object.entries(PROBLEMS).find(
    ([problem, [expected]]) =>
      type === "application/problem+json" &&
      body["type"] === `urn:live-cert-janitor:problem:${problem}` &&
      [status, body["status"]].every((one) => one === expected),
  );
  return found?.[0] ?? "no answer of the contract";
}

/** What is counted, method and path, the answers that are right besides a vendor's trouble, and a body. */
type Asked = readonly [string, string, string, string?];

function drawRequest(): Asked {
  const any = draw.pick([...account.certificates.keys(), draw.hex(32)]);
  const busy = account.one(draw.pick(["serving", "hold", "unseen"]));
  const victim = account.one(draw.chance(0.8) ? "spare" : "dead");
  const filter = `${draw.pick(["verdict=delete", "verdict=keep&state=valid", "state=expired"])}&limit=${draw.pick(["7", "1000"])}`;
  const force = draw.chance(0.3) ? "&force=true" : "";
  const inTheWay = "certificate-in-use certificate-protected";
  const ids = "/certificates/";
  const list: Asked = ["list", `GET /certificates?${filter}`, "ok"];
  const named: Asked = [
    "delete",
    `DELETE ${ids}${victim}`,
    "ok certificate-not-found",
  ];
  const drawn = draw.pick<Asked>([
    ["list all", "GET /certificates", "ok"],
    list,
    named,
    named,
    ["explain", `GET ${ids}${any}`, "ok certificate-not-found"],
    ["openapi", "GET /openapi.json", "ok"],
    ["refused", `DELETE ${ids}${busy}`, inTheWay],
    [
      "dry run",
      `DELETE ${ids}${any}?dryRun=true${force}`,
      `ok certificate-not-found ${inTheWay}`,
    ],
    draw.pick<Asked>([
      ["malformed", `DELETE ${ids}${draw.hex(31)}`, "invalid-request"],
      ["malformed", `DELETE ${ids}${any}?force=yes`, "invalid-request"],
      ["malformed", "GET /certificates?limit=0", "invalid-request"],
      ["malformed", `PUT ${ids}${any}`, "method-not-allowed"],
      ["malformed", "GET /nowhere", "no-such-route"],
    ]),
    draw.pick<Asked>([
      ["sweeps", "POST /sweeps", "ok sweep-running", "{}"],
      ["sweeps", "POST /sweeps", "ok sweep-running", '{"dryRun":true}'],
      ["sweeps", "POST /sweeps", "invalid-request", '{"graceDays":0}'],
    ]),
  ]);
  // Before it is sent.
  if (drawn === named) account.named.add(victim);
  return drawn;
}

async function request(): Promise<void> {
  const [kind, call, right, body] = drawRequest();
  const [method = "", path = ""] = call.split(" ");
  const from = performance.now();
  const answer = await ask(call, `${url.api}${path}`, {
    method,
    ...(body !== undefined && {
      body,
      headers: { "content-type": "application/json" },
    }),
  });
  if (answer === undefined) return;
  const name = nameOf(answer.response, answer.body);
  count(`${kind} ${name}`);
  if (![...right.split(" "), ...TROUBLE].includes(name))
    violations.push(`${call}: ${name}: ${answer.text.slice(0, 200)}`);
  if (kind !== "delete" || name !== "ok") return;
  await look();
  if (there.has(path.split("/").at(-1)) && !live.wasAway(from))
    violations.push(`${call}: a receipt, and it is there`);
}

/** A sweep by way of the Lambda service; tells how it ended, where that is waited for. */
async function sweep(type: string): Promise<unknown> {
  const answer = await ask(
    "a sweep",
    `${url.lambda}/2015-03-31/functions/sweep/invocations`,
    { method: "POST", headers: { "x-amz-invocation-type": type }, body: "{}" },
  );
  if (answer === undefined) return undefined;
  const { response, text, body } = answer;
  const failed = response.headers.has("x-amz-function-error");
  const ended = body[failed ? "errorType" : "stoppedBecause"];
  count(`sweep ${typeof ended === "string" ? ended : "started"}`);
  if (!response.ok || (failed && ended !== "NoEvidence"))
    violations.push(`a sweep: ${text.slice(0, 300)}`);
  return ended;
}

async function fail(): Promise<void> {
  const faults = [1, 2, 3].slice(draw.int(0, 2)).map(() => draw.pick(FAULTS));
  const from = performance.now();
  try {
    const body = JSON.stringify(faults);
    const { ok } = await fetch(`${url.admin}/faults`, { method: "POST", body });
    if (!ok) throw new Error("the emulator does not know these faults");
    count("faults");
  } catch (error) {
    if (!live.wasAway(from)) throw error;
  }
}

function change(): void {
  const part = draw.pick(["dead", "dead", "spare", "late"]);
  const isRenewal = draw.chance(0.15);
  live.send(isRenewal ? account.renew() : account.issue(part));
  count(`change ${isRenewal ? "renewed" : part}`);
}

/** At random, but neither is spared for long. */
function kill(): Promise<void> {
  const ahead = live.outages.length - functions.outages.length;
  const isLive = ahead < -1 || (ahead < 2 && draw.chance(0.5));
  return (isLive ? live : functions).restart();
}

/** Repeats `turn` with pauses until `end`. */
async function loop(
  end: number,
  pause: readonly [number, number],
  turn: () => unknown,
): Promise<void> {
  while (performance.now() < end) {
    await sleep(Math.min(draw.int(...pause), end - performance.now()));
    if (performance.now() < end) await turn();
  }
}

/** One last sweep: what could be deleted is gone, and both sides agree on what is left. */
async function finish(): Promise<void> {
  await fetch(`${url.admin}/faults`, { method: "DELETE" });
  // Faults in progress end, and so do the sweeps that nobody waits for.
  await sleep(12_000);
  const ended = await sweep("RequestResponse");
  if (ended !== "done")
    violations.push(`the last sweep ended with ${String(ended)}`);
  await look();
  const left = [...account.certificates.values()];
  for (const one of left) {
    if (account.isDeletable(one))
      violations.push(`${one.name} is left after the last sweep`);
    if (claimed.has(one.chainId))
      violations.push(`${one.name} is called deleted and is there`);
  }
  const answer = await ask("the end", `${url.api}/certificates`, {});
  const said = fieldsOf(answer?.body["counts"]);
  if (said["delete"] !== 0 || said["listed"] !== left.length)
    violations.push(
      `the API lists ${JSON.stringify(said)}, the truth has ${String(left.length)}`,
    );
}

/** What the function process holds more of than at its start, once idle connections have been closed; empty if nothing. */
async function leaked(): Promise<string> {
  for (let second = 0; ; second++) {
    await sleep(1000);
    const first = fieldsOf(beats[0]?.vitals["held"]);
    const more = Object.entries(fieldsOf(beats.at(-1)?.vitals["held"]))
      .filter(([kind, n]) => Number(n) > Number(first[kind] ?? 0))
      .map(([kind, n]) => `${kind} ${String(first[kind])} to ${String(n)}`);
    if (more.length === 0 || second === 40) return more.join(", ");
  }
}

function shown({ rss, heap, held }: Fields = {}): string {
  return `rss ${megabytes(Number(rss)).toFixed(1)} MB, heap ${megabytes(Number(heap)).toFixed(2)} MB, ${JSON.stringify(held)}`;
}

function progress(): string {
  return `${String(account.certificates.size)} certificates, ${String(account.deletedAsDead)} deleted by a sweep or as expired and ${String(account.deletedByName)} by name; kill -9 of the emulator ${String(live.outages.length)} times, of the functions ${String(functions.outages.length)} times; ${String(violations.length)} violations`;
}

// They and the bundle go with this process.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => process.exit(1));
const watchdog = setTimeout(
  () => {
    console.log("VIOLATION: the soak did not end in its time");
    process.exit(1);
  },
  (minutes + 5) * MINUTE,
);
await live.up();
await functions.up();
const from = performance.now();
const ticker = setInterval(() => {
  console.log(
    `${((performance.now() - from) / MINUTE).toFixed(1)} min: ${progress()}; ${shown(beats.at(-1)?.vitals)}`,
  );
}, 30_000);
let measured: typeof beats = [];
try {
  const end = from + minutes * MINUTE;
  const killsEnd = from + KILLS * minutes * MINUTE;
  await Promise.all([
    ...[1, 2, 3].map(() => loop(end, [100, 1500], request)),
    loop(end, [5000, 15_000], () =>
      sweep(draw.chance(0.7) ? "RequestResponse" : "Event"),
    ),
    loop(end, [1000, 5000], fail),
    loop(end, [1000, 4000], change),
    loop(end, [50, 50], look),
    loop(killsEnd, [20_000, 40_000], kill),
  ]);
  const warm = (beats[0]?.at ?? from) + MINUTE * Math.min(1, WARM_UP * minutes);
  measured = beats.filter(({ at }) => at >= Math.max(killsEnd, warm));
  await finish();
  const more = await leaked();
  if (more !== "") violations.push(`leaked: ${more}`);
} catch (error) {
  violations.push(
    `the soak broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
} finally {
  clearInterval(ticker);
  clearTimeout(watchdog);
  await Promise.all([live.down(), functions.down(), secrets.close()]);
}
for (const of of ["heap", "rss"] as const) {
  const slope = slopeOf(
    measured.map(({ at, vitals }) => ({
      at: at / MINUTE,
      value: megabytes(Number(vitals[of])),
    })),
  );
  const figure = `${of} grew by ${slope.toFixed(3)} MB a minute (at most ${String(FLAT[of])}) in the last ${String(measured.length)} s of load`;
  console.log(figure);
  if (measured.length >= LONG_ENOUGH && !(slope <= FLAT[of]))
    violations.push(figure);
}
const listed = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
console.log(listed.map(([what, n]) => `${what} ${String(n)}`).join(", "));
console.log(`the functions at their start: ${shown(beats[0]?.vitals)}`);
console.log(`at the end, when all is quiet: ${shown(beats.at(-1)?.vitals)}`);
console.log(`${values.minutes} minutes, seed ${values.seed}: ${progress()}`);
for (const what of violations.slice(0, 20)) console.log(`VIOLATION: ${what}`);
process.exitCode = violations.length === 0 ? 0 : 1;
