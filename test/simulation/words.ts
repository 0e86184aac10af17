/** Invariant 13: what is said of a certificate is true at the vendor, or said to be uncertain. */
import { NoEvidence } from "../../functions/janitor/sweep.ts";
import type { Report } from "./checks.ts";
import { hasCertificate, isMisleading, pagesOf } from "./evidence.ts";
import type { Run, World } from "./sweep-process.ts";
import type { Send } from "./vendor-records.ts";

/** What one who asked can know of what he asked for, by the contract's table of outcomes. */
type Knowledge = "done" | "not done" | "refused" | "denied" | "unknown";

const REFUSED =
  /^(InvalidParam|AccessDenied|LackPolicy|LackProjectPolicy|RequestForbidden\.BillingStatus|OperationDenied|SomethingNew)/;
const NOT_DONE = /FlowLimitExceeded|^InvalidTimestamp|^InvalidAccessKey/;
const DENIED = /^(ResourceNotFound|RequestForbidden)/;

export function knowledgeOf({ given }: Send): Knowledge {
  if (given === "not-connected") return "not done";
  if (given === undefined || given === "broken") return "unknown";
  const { code } = given;
  if (code === "") return "done";
  if (NOT_DONE.test(code)) return "not done";
  if (REFUSED.test(code)) return "refused";
  return DENIED.test(code) ? "denied" : "unknown";
}

/** Everything that was sent about one certificate, and what is known of it. */
interface Tried {
  readonly sends: readonly Send[];
  readonly isDone: boolean;
  /** An attempt may have taken effect without a word. */
  readonly isUnknown: boolean;
  /** So, or the vendor denies what it had listed: only a list can tell. */
  readonly isInDoubt: boolean;
  /** No answer about the certificate ended it. */
  readonly isTrouble: boolean;
  readonly endedAt: number;
}

function triedOf(sends: readonly Send[]): Tried {
  const known = sends.map(knowledgeOf);
  const isUnknown = known.includes("unknown");
  return {
    sends,
    isDone: known.includes("done"),
    isUnknown,
    isInDoubt: isUnknown || known.includes("denied"),
    isTrouble: ["unknown", "not done"].includes(known.at(-1) ?? ""),
    endedAt: Math.max(...sends.map(({ endedAt }) => endedAt)),
  };
}

const UNTRIED: Tried = {
  sends: [],
  isDone: false,
  isUnknown: false,
  isInDoubt: false,
  isTrouble: false,
  endedAt: -Infinity,
};

function attemptsOf(sends: readonly Send[]): Map<string, Tried> {
  const byId = new Map<string, Send[]>();
  for (const send of sends) {
    const id = send.chainId.toLowerCase();
    const own = byId.get(id);
    if (own === undefined) byId.set(id, [send]);
    else own.push(send);
  }
  return new Map([...byId].map(([id, own]) => [id, triedOf(own)]));
}

/** Whether a list that was asked for since then has it. */
function isListedSince(
  world: World,
  run: Run,
  id: string,
  since: number,
): boolean {
  return run.readings
    .flatMap((reading) => pagesOf(world, reading))
    .some((page) => page.askedAt >= since && hasCertificate(page, id));
}

/** Whether it was gone when the run ended, or a list without it could be taken to say so that cannot know better. */
function passesForGone(world: World, run: Run, id: string, since: number) {
  const goneAt = world.vendor.gone.get(id);
  if (goneAt !== undefined && goneAt <= (run.endedAt ?? Infinity)) return true;
  return run.readings.some(
    (reading) =>
      reading.startedAt >= since &&
      !pagesOf(world, reading).some((page) => hasCertificate(page, id)) &&
      isMisleading(world, run, reading, id),
  );
}

function checkSweep(
  world: World,
  run: Run,
  attempts: ReadonlyMap<string, Tried>,
  report: Report,
): void {
  const result =
    run.error instanceof NoEvidence ? run.error.report : run.report;
  if (result === undefined) return;
  const wrong = (id: string, what: string): void => {
    report(13, `${run.options.name}: ${id} ${what}`);
  };
  const said = new Map(
    result.items.map((item) => [item.chainId.toLowerCase(), item.outcome]),
  );
  for (const [id, { isDone, isInDoubt }] of attempts) {
    if ((isDone || isInDoubt) && said.get(id) === undefined)
      wrong(id, "may be deleted, and nothing is said of it");
  }
  const troubled = [...attempts.values()].filter(({ isTrouble }) => isTrouble);
  if (result.stoppedBecause === "vendor-unhealthy" && troubled.length < 10)
    report(
      13,
      `${run.options.name} calls the vendor unhealthy after ${String(troubled.length)} failures that speak of it`,
    );
  for (const [id, outcome] of said) {
    const tried = attempts.get(id) ?? UNTRIED;
    const { sends, isDone, isInDoubt, endedAt } = tried;
    if (outcome === undefined) continue;
    if (outcome === "remaining") {
      if (isDone || isInDoubt) wrong(id, "remains, though it may be deleted");
      continue;
    }
    if (sends.length === 0) wrong(id, `is ${outcome}, though nothing was sent`);
    switch (outcome) {
      case "deleted":
        if (!isDone && !passesForGone(world, run, id, endedAt))
          wrong(id, "is called deleted, and is there");
        break;
      case "alreadyGone":
        if (!passesForGone(world, run, id, endedAt))
          wrong(id, "is called gone, and is there");
        break;
      case "failed":
        if ((isDone || isInDoubt) && !isListedSince(world, run, id, endedAt))
          wrong(id, "is called failed, which nothing shows");
        break;
      case "unconfirmed":
        if (!isDone && !isInDoubt)
          wrong(id, "is called uncertain, though it was refused");
    }
  }
}

function checkRequest(
  world: World,
  run: Run,
  attempts: ReadonlyMap<string, Tried>,
  report: Report,
): void {
  const { request, name } = run.options;
  const id = request?.chainId ?? "";
  const tried = attempts.get(id) ?? UNTRIED;
  const wrong = (what: string): void => {
    report(13, `${name}: ${id} ${what}`);
  };
  const { deletion } = run;
  if (deletion === undefined) {
    if (attempts.size > 0) wrong("was sent, and only the reading failed");
    return;
  }
  const isListed = (): boolean => isListedSince(world, run, id, tried.endedAt);
  switch (deletion.outcome) {
    case "refused":
    case "wouldDelete":
      if (attempts.size > 0) wrong(`is ${deletion.outcome}, and was sent`);
      break;
    case "deleted":
      if (!tried.isDone) wrong("is called deleted, and nobody said so");
      break;
    case "alreadyGone":
      if (!tried.isUnknown) wrong("is called gone by this request");
      if (!passesForGone(world, run, id, tried.endedAt))
        wrong("is called gone, and is there");
      break;
    case "absent":
      if (tried.isUnknown) wrong("is called absent, and may be our doing");
      if (
        isInScope(world, run, id) &&
        !passesForGone(world, run, id, tried.endedAt)
      )
        wrong("is called absent, and is there");
      break;
    case "failed":
      if (deletion.sent !== tried.sends.length > 0)
        wrong(`was sent ${String(tried.sends.length)} times, or was it?`);
      if (tried.isDone) wrong("is called failed, and was deleted");
      if (deletion.stillListed === true && !isListed())
        wrong("is called still listed, which nothing shows");
  }
}

/** Whether the vendor shows it under its chain id in a project that the run looks at. */
function isInScope(world: World, run: Run, id: string): boolean {
  const { projectNames } = run.options.configuration.policy;
  return world.vendor
    .living(id)
    .some(
      ({ fields }) =>
        String(fields["ChainID"]).toLowerCase() === id &&
        (projectNames.length === 0 ||
          projectNames.some((name) => name === fields["ProjectName"])),
    );
}

export function checkWords(
  world: World,
  run: Run,
  sends: readonly Send[],
  report: Report,
): void {
  if (run.crashed) return;
  const attempts = attemptsOf(sends);
  if (run.options.request === undefined)
    checkSweep(world, run, attempts, report);
  else checkRequest(world, run, attempts, report);
}
