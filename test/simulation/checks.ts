/** The invariants of one run, stated over what was served, sent and logged. */
import { inspect } from "node:util";
import { defectOf, evidenceOf, isMisleading, pagesOf } from "./evidence.ts";
import {
  comparing,
  covers,
  isExpiringInUse,
  state,
  type Stated,
} from "./statement.ts";
import type { LogLine, Round, Run, World } from "./sweep-process.ts";
import { VENDOR_MARK, type Deletion, type Send } from "./vendor-records.ts";
import { checkMails } from "./mails.ts";
import { checkWords } from "./words.ts";

export interface Violation {
  /** Its number in the contract; 0 for a report that does not add up. */
  readonly invariant: number;
  readonly what: string;
}

export type Report = (invariant: number, what: string) => void;

/** Milliseconds for rounding in sums of virtual times. */
const EPSILON = 1e-6;

/** A round with what the statement makes of it. */
export interface Judged {
  readonly round: Round;
  readonly stated: ReadonlyMap<string, Stated>;
  readonly defect: string | undefined;
  /** The access keys that its pages were asked with. */
  readonly keys: ReadonlySet<string>;
}

function checkEvidence(
  run: Run,
  sends: readonly Send[],
  judged: readonly Judged[],
  report: Report,
): void {
  for (const send of sends) {
    const id = send.chainId.toLowerCase();
    const basis = judged.findLast(
      ({ round }) => round.endedAt <= send.sentAt + EPSILON,
    );
    if (basis === undefined) {
      report(1, `${run.options.name}: ${id} without any evidence`);
      continue;
    }
    const { round, stated, defect, keys } = basis;
    if (defect !== undefined)
      report(1, `${run.options.name}: ${id} on no evidence: ${defect}`);
    if (send.sentAt >= round.startedAt + 60_000 + EPSILON)
      report(1, `${run.options.name}: ${id} on evidence older than 60 s`);
    if (keys.size > 0 && !keys.has(send.key))
      report(1, `${run.options.name}: ${id} sent with another key`);
    const { request } = run.options;
    if (request?.force === true) continue;
    if (stated.get(id)?.inUse !== false)
      report(2, `${run.options.name}: ${id} is in use by the evidence`);
    else if (request !== undefined) {
      if (stated.get(id)?.refused !== false)
        report(2, `${run.options.name}: ${id} was to be refused`);
    } else if (!stated.get(id)?.deletable)
      report(1, `${run.options.name}: ${id} may not be deleted`);
  }
}

function checkPace(run: Run, sends: readonly Send[], report: Report): void {
  const gap = 1000 / run.options.configuration.sendsPerSecond;
  for (const [i, { sentAt, chainId }] of sends.entries()) {
    const before = sends[i - 1];
    if (before !== undefined && sentAt - before.sentAt < gap - EPSILON)
      report(
        3,
        `${chainId} ${String(sentAt - before.sentAt)} ms after another`,
      );
    const tenBefore = sends[i - 10];
    if (tenBefore !== undefined && sentAt - tenBefore.sentAt < 1000)
      report(3, `11 sends within a second`);
    const inFlight = sends.filter(
      (other) => other.sentAt <= sentAt && other.endedAt > sentAt,
    ).length;
    if (!run.crashed && inFlight > 8)
      report(3, `${String(inFlight)} in flight`);
  }
}

function checkNumber(
  run: Run,
  sends: readonly Send[],
  judged: readonly Judged[],
  report: Report,
): void {
  const { maxDeletions, dryRun } = run.options.configuration;
  if (run.options.request !== undefined) return;
  const distinct = new Set(sends.map(({ chainId }) => chainId.toLowerCase()));
  const { only } = run.options;
  for (const id of distinct) {
    if (only?.has(id) === false) report(4, `${id} is not in the plan`);
  }
  if (distinct.size > maxDeletions)
    report(4, `${String(distinct.size)} certificates tried`);
  const [first] = judged;
  if (first?.defect === undefined && first !== undefined) {
    const eligible = [...first.stated].filter(
      ([id, { deletable }]) => deletable && only?.has(id) !== false,
    );
    const tooMany = eligible.length > maxDeletions;
    if (tooMany && sends.length > 0)
      report(4, `${String(eligible.length)} eligible, and yet deletions`);
    if (
      run.report !== undefined &&
      tooMany !== (run.report.stoppedBecause === "too-many")
    ) {
      report(
        4,
        `${String(eligible.length)} eligible, and ${run.report.stoppedBecause}`,
      );
    }
  }
  if (dryRun && sends.length > 0)
    report(8, `${String(sends.length)} writes in a dry run`);
}

function checkLog(run: Run, report: Report): void {
  const open = new Map<unknown, LogLine>();
  let previous: LogLine | undefined;
  for (const entry of run.journal) {
    if (entry.kind === "send") {
      if (entry.action === "DeleteCert") {
        const { ChainID } = JSON.parse(entry.body) as { ChainID: string };
        const announced =
          previous?.["event"] === "delete-attempt" &&
          previous["chainId"] === ChainID;
        if (!announced) report(5, `${ChainID} sent without a line before`);
      }
      previous = undefined;
      continue;
    }
    const { line } = entry;
    previous = line;
    if (line["event"] === "delete-attempt") {
      if (open.has(line["chainId"]))
        report(5, `${String(line["chainId"])}: no outcome before the next`);
      open.set(line["chainId"], line);
    } else if (line["event"] === "delete-outcome") {
      if (open.get(line["chainId"])?.["attempt"] !== line["attempt"])
        report(5, `${String(line["chainId"])}: an outcome of no attempt`);
      open.delete(line["chainId"]);
    }
  }
  if (!run.crashed && open.size > 0)
    report(5, `${String(open.size)} attempts without an outcome`);
  const summaries = run.journal.filter(
    (entry) => entry.kind === "log" && entry.line["event"] === "sweep-summary",
  );
  const wanted = run.options.request === undefined ? 1 : 0;
  if (!run.crashed && summaries.length !== wanted)
    report(5, `${String(summaries.length)} summaries`);
}

function checkEnd(world: World, run: Run, report: Report): void {
  if (run.crashed) return;
  const { lifetime, name, request } = run.options;
  if (run.endedAt === undefined) {
    report(11, `${name} never ended`);
    return;
  }
  const left = run.startedAt + lifetime - run.endedAt;
  // A host that gives less than that can only be answered at once.
  if (left < 10_000 - EPSILON && run.endedAt > run.startedAt + EPSILON)
    report(9, `${name} stopped with ${String(left)} ms left`);
  const asked = new Map<string, number>();
  for (const send of world.vendor.sends) {
    if (send.caller !== name || send.action !== "DeleteCert") continue;
    asked.set(send.asked, (asked.get(send.asked) ?? 0) + 1);
  }
  for (const [body, times] of asked) {
    if (times > 8) report(11, `${body} sent ${String(times)} times`);
  }
  const error = run.error as { name?: string } | undefined;
  const expected = request === undefined ? "NoEvidence" : "VendorFailure";
  if (error !== undefined && error.name !== expected)
    report(12, `${name} threw ${inspect(error, { depth: 3 })}`);
}

function checkSecrecy(world: World, run: Run, report: Report): void {
  const texts = [
    ...run.journal.flatMap((entry) =>
      entry.kind === "log" ? [JSON.stringify(entry.line)] : [],
    ),
    JSON.stringify(run.report ?? {}),
    run.error === undefined ? "" : inspect(run.error, { depth: 10 }),
  ].join("\n");
  // Secrets of the model begin alike, whatever version they are.
  for (const secret of ["SECRET-", VENDOR_MARK, "Signature="]) {
    if (texts.includes(secret))
      report(10, `${run.options.name} shows ${secret}`);
  }
  if (texts.includes(world.secret.secretAccessKey)) report(10, "the key");
}

function checkReport(run: Run, report: Report): void {
  if (run.report === undefined) return;
  const { counts } = run.report;
  const sum =
    counts.deleted +
    counts.alreadyGone +
    counts.unconfirmed +
    counts.failed +
    counts.remaining;
  if (sum !== counts.eligible) report(0, "the counts are not disjoint");
}

/** The verdicts and warnings told are those of the evidence, whatever was warned of and whatever the run was held to. */
function checkVerdicts(
  run: Run,
  judged: readonly Judged[],
  report: Report,
): void {
  const last = judged.at(-1);
  if (run.report === undefined || last === undefined) return;
  const { only, configuration, name } = run.options;
  const { items, expiring } = run.report;
  for (const { chainId, verdict, reasons } of items) {
    const stated = last.stated.get(chainId.toLowerCase());
    if (stated === undefined) continue;
    if (reasons.includes("not-listed"))
      report(13, `${name}: ${chainId} is called not listed, and was`);
    if (stated.deletable !== (verdict === "delete"))
      report(13, `${name}: ${chainId} is to be judged otherwise`);
  }
  const told = new Set(items.map(({ chainId }) => chainId.toLowerCase()));
  for (const id of only ?? []) {
    if (!told.has(id)) report(13, `${name}: nothing is said of ${id}`);
  }
  const warned = new Set(expiring.map(({ chainId }) => chainId.toLowerCase()));
  for (const [id, stated] of last.stated) {
    if (stated.life === undefined) continue;
    const { judgedAt } = last.round;
    if (
      isExpiringInUse(stated, configuration.warnDays, judgedAt) !==
      warned.has(id)
    )
      report(13, `${name}: ${id} is to be warned of, or is not`);
  }
}

/** What a run that calls itself done may not have left. */
function checkDone(run: Run, judged: readonly Judged[], report: Report): void {
  if (run.report?.stoppedBecause !== "done") return;
  const outcomes = new Map(
    run.report.items.map((item) => [item.chainId.toLowerCase(), item.outcome]),
  );
  for (const [id, { deletable }] of judged.at(-1)?.stated ?? []) {
    if (run.options.only?.has(id) === false) continue;
    if (deletable && outcomes.get(id) === undefined)
      report(12, `${run.options.name}: ${id} could have been deleted`);
    if (
      deletable &&
      !run.options.configuration.dryRun &&
      outcomes.get(id) === "remaining"
    ) {
      report(12, `${run.options.name}: ${id} remains after done`);
    }
  }
}

/** Whether the rules cannot know that a domain is served, since the key does not see it. */
function isBeyondTheRules(
  { names }: Deletion,
  hidden: string,
  visible: readonly string[],
  unseenDomains: "keep" | "ignore",
): boolean {
  if (unseenDomains === "ignore") return true;
  if (names.length === 0) return visible.length > 0;
  // It shares a wildcard with a domain that can be seen.
  return names.some(
    (name) =>
      name.startsWith("*.") &&
      (covers(name, hidden) || name === `*.${hidden}`) &&
      visible.some((domain) => covers(name, domain)),
  );
}

/** What holds against the truth: a deletion may be wrong only about what changed after the reading began. */
function checkTruth(
  world: World,
  run: Run,
  judged: readonly Judged[],
  report: Report,
): void {
  const { request, configuration } = run.options;
  for (const deletion of world.vendor.deletions) {
    if (deletion.caller !== run.options.name) continue;
    const basis = judged.findLast(
      ({ round }) => round.endedAt <= deletion.sentAt + EPSILON,
    );
    if (basis === undefined || request?.force === true) continue;
    const pages = pagesOf(world, basis.round);
    if (deletion.changedAt >= basis.round.startedAt) continue;
    if (pages.some(({ lie }) => lie !== undefined)) continue;
    const { chainId } = deletion;
    const isWrong = !deletion.expired && request === undefined;
    if (isWrong && !isMisleading(world, run, basis.round, chainId))
      report(1, `${chainId} had not expired`);
    const visible = evidenceOf(pages).domains.map((row) =>
      comparing(String(Reflect.get(Object(row), "Domain"))),
    );
    const { unseenDomains } = configuration.policy;
    for (const { name, hidden } of deletion.bound) {
      if (!hidden || !isBeyondTheRules(deletion, name, visible, unseenDomains))
        report(2, `${chainId} served ${name}`);
    }
  }
}

export function checkRun(world: World, run: Run): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (invariant, what) => {
    violations.push({ invariant, what });
  };
  const { policy } = run.options.configuration;
  const judged = run.rounds.map((round): Judged => {
    const pages = pagesOf(world, round);
    return {
      round,
      stated: state(evidenceOf(pages), policy, round.judgedAt),
      defect: defectOf(world, run, round),
      keys: new Set(pages.map(({ key }) => key)),
    };
  });
  const sends = world.vendor.sends.filter(
    (send) => send.caller === run.options.name && send.action === "DeleteCert",
  );
  checkEvidence(run, sends, judged, report);
  checkPace(run, sends, report);
  checkNumber(run, sends, judged, report);
  checkLog(run, report);
  checkEnd(world, run, report);
  checkSecrecy(world, run, report);
  checkReport(run, report);
  checkVerdicts(run, judged, report);
  checkDone(run, judged, report);
  checkTruth(world, run, judged, report);
  checkWords(world, run, sends, report);
  checkMails(run, judged, sends, report);
  return violations;
}
