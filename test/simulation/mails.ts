/** Invariant 15: what a person was to be told is told once, and not on every run. The occasions, stated once more. */
import { NoEvidence } from "../../functions/janitor/sweep.ts";
import type { Judged, Report } from "./checks.ts";
import { isExpiringInUse, type Stated } from "./statement.ts";
import type { Run } from "./sweep-process.ts";
import type { Send } from "./vendor-records.ts";
import { knowledgeOf } from "./words.ts";

/** What there is to tell, each as what a mail must hold of it; empty where there is nothing. */
interface Occasion {
  readonly what: string;
  readonly words: readonly string[];
}

const NOTHING: ReadonlyMap<string, Stated> = new Map();

/** What the account calls for by this round: daily what is in use and over or nearly so, weekly what contradicts itself. */
function standing(run: Run, judged: Judged | undefined): Occasion[] {
  const { mailing, configuration } = run.options;
  const stated = [...(judged?.stated ?? NOTHING)];
  const now = judged?.round.judgedAt ?? 0;
  const idsOf = (is: (one: Stated) => boolean): string[] =>
    stated.flatMap(([id, one]) => (is(one) ? [id] : []));
  const expiring = stated.flatMap(([, one]) =>
    isExpiringInUse(one, configuration.warnDays, now) ? one.boundTo : [],
  );
  return [
    ...(mailing?.isFirstOf.day === true
      ? [
          {
            what: "expired in use",
            words: idsOf(({ expiredInUse }) => expiredInUse),
          },
          { what: "expiring in use", words: expiring },
        ]
      : []),
    ...(mailing?.isFirstOf.week === true
      ? [
          {
            what: "contradictory",
            words: idsOf(({ contradictory }) => contradictory),
          },
        ]
      : []),
  ].filter(({ words }) => words.length > 0);
}

/** Whether a record whose data contradict each other may be about to expire in use: a warning too many is looked into. */
function mayBeExpiring({ stated }: Judged): boolean {
  return [...stated.values()].some(
    ({ life, boundTo }) => life === undefined && boundTo.length > 0,
  );
}

/** What the run itself calls for, whatever the day. */
function ofTheRun(
  run: Run,
  judged: Judged | undefined,
  sends: readonly Send[],
): Occasion[] {
  const { mailing, configuration, only } = run.options;
  const ended = run.error instanceof NoEvidence ? run.error.report : run.report;
  const tried = sends.filter((send) => knowledgeOf(send) !== "not done");
  const wouldDelete = [...(judged?.stated ?? NOTHING)].some(
    ([id, { deletable }]) => deletable && only?.has(id) !== false,
  );
  return [
    ...(mailing?.asked === true ? [{ what: "asked for", words: [] }] : []),
    ...(ended?.stoppedBecause === "done"
      ? []
      : [{ what: "an early stop", words: [] }]),
    ...(configuration.dryRun && wouldDelete
      ? [{ what: "a dry run", words: [] }]
      : []),
    ...(tried.length > 0
      ? [
          {
            what: "deletions",
            words: tried.map(({ chainId }) => chainId.toLowerCase()),
          },
        ]
      : []),
  ];
}

export function checkMails(
  run: Run,
  judged: readonly Judged[],
  sends: readonly Send[],
  report: Report,
): void {
  const { mailing, name } = run.options;
  if (mailing === undefined || run.crashed || run.endedAt === undefined) return;
  const { mails, journal } = run;
  const due = [
    ...ofTheRun(run, judged.at(-1), sends),
    ...standing(run, judged.at(-1)),
  ];
  const all = due.map(({ what }) => what).join(", ");
  // What an earlier round showed may have been passed over by the last one, which the report then tells of all the same.
  const mayBe =
    sends.length > 0 ||
    judged.some(
      (one) =>
        standing(run, one).length > 0 ||
        (mailing.isFirstOf.day && mayBeExpiring(one)),
    );
  if (mails.length > 1) report(15, `${name} told it ${String(mails.length)}×`);
  if (due.length > 0 && mails.length === 0)
    report(15, `${name} did not tell: ${all}`);
  if (due.length === 0 && !mayBe && mails.length > 0)
    report(15, `${name} told what had been told, or nothing at all`);
  const isNoted = journal.some(
    (entry) =>
      entry.kind === "log" && entry.line["event"] === "report-not-sent",
  );
  if (isNoted !== (mailing.isDown && mails.length > 0))
    report(
      15,
      isNoted
        ? `${name}: a mail was refused for what it holds`
        : `${name}: a mail is lost, and no line says so`,
    );
  const [mail] = mails;
  const text = mail?.text.toLowerCase() ?? "";
  if (mail === undefined || text.includes("more; the log has all")) return;
  for (const { what, words } of due) {
    const unsaid = words.filter((word) => !text.includes(word));
    if (unsaid.length > 0)
      report(15, `${name} told of ${what} without ${unsaid.join(", ")}`);
  }
}
