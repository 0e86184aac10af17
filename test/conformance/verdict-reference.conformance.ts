/**
 * A second opinion on the verdict: verdict_reference.py was written from the contract, in another language and without
 * a look at the product. Both judge the same raw records, and every verdict and every reason must be the same.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import { readDomain } from "../../functions/janitor/in-use.ts";
import { judge, type Judgement } from "../../functions/janitor/verdict.ts";
import { REASONS } from "../../functions/contract/reasons.ts";
import { demoAccount, demoSettings } from "../../infra/local/fixtures.ts";
import { startLiveEmulator } from "../../infra/local/live-emulator/server.ts";
import { isInstalled, toolPath } from "./tools.ts";
import { KEY } from "../world/deployment.ts";
import { observe } from "./official-clients-drivers.ts";
import { party } from "./party.ts";
import {
  createRawAccount,
  type Fields,
  type RawAccount,
} from "./verdict-accounts.ts";

const ACCOUNTS = 1000;
/** Account n has the seed FIRST + n. */
const FIRST = Number(process.env["VERDICT_SEED"] ?? 20_270_131);

interface Answer {
  readonly chainId: string;
  readonly verdict: string;
  readonly reasons: readonly string[];
}

const version = isInstalled("python")
  ? execFileSync(toolPath("python"), ["--version"], { encoding: "utf8" }).trim()
  : "";

function readAnswer(item: unknown): Answer {
  const { chainId, verdict, reasons } = isObject(item) ? item : {};
  if (
    typeof chainId !== "string" ||
    typeof verdict !== "string" ||
    !Array.isArray(reasons)
  ) {
    throw new Error(`The reference answered ${JSON.stringify(item)}.`);
  }
  return { chainId, verdict, reasons: reasons.map(String) };
}

/** One order for both; records without a chain id nobody can count. */
function sorted(answers: readonly Answer[]): Answer[] {
  const key = (answer: Answer): string => JSON.stringify(answer);
  const nameless = new Map(
    answers
      .filter(({ chainId }) => chainId === "")
      .map((answer) => [key(answer), answer]),
  );
  return [
    ...answers.filter(({ chainId }) => chainId !== ""),
    ...nameless.values(),
  ].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

function askReference(accounts: readonly RawAccount[]): Answer[][] {
  const lines = execFileSync(
    toolPath("python"),
    [join(import.meta.dirname, "verdict_reference.py")],
    {
      input: accounts.map((account) => `${JSON.stringify(account)}\n`).join(""),
      encoding: "utf8",
      maxBuffer: 1 << 28,
    },
  );
  return lines
    .trimEnd()
    .split("\n")
    .map((line) => {
      const list: unknown = JSON.parse(line);
      if (!Array.isArray(list)) throw new Error(`The reference said ${line}.`);
      return sorted(list.map(readAnswer));
    });
}

function answersOf(judgements: readonly Judgement[]): Answer[] {
  return sorted(
    judgements.map(({ certificate, verdict, reasons }) => ({
      chainId: certificate.chainId.toLowerCase(),
      verdict,
      reasons: reasons.toSorted(),
    })),
  );
}

/** What the product says of the same raw records. */
function askProduct(account: RawAccount): Answer[] {
  const certificates = uniteListings(
    account.listings.map(({ expiring, records }) => ({
      expiring,
      records: records.map(readCertificateRecord),
    })),
  );
  const domains = account.domains
    .map(readDomain)
    .filter((domain) => domain !== undefined);
  return answersOf(
    judge({ certificates, domains }, account.policy, Date.parse(account.now)),
  );
}

/** Both answers wherever they differ, with the records in question. */
function disagreements(
  title: string,
  account: RawAccount,
  ours: readonly Answer[],
  theirs: readonly Answer[],
): string[] {
  const missingIn = (others: readonly Answer[]) => {
    const known = new Set(others.map((answer) => JSON.stringify(answer)));
    return (answer: Answer) => !known.has(JSON.stringify(answer));
  };
  const onlyOurs = ours.filter(missingIn(theirs));
  const onlyTheirs = theirs.filter(missingIn(ours));
  if (onlyOurs.length + onlyTheirs.length === 0) {
    // The same answers, but not as often.
    return ours.length === theirs.length ? [] : [`${title}: other numbers`];
  }
  const ids = new Set(
    [...onlyOurs, ...onlyTheirs].map(({ chainId }) => chainId),
  );
  const records = account.listings.flatMap((listing) =>
    listing.records
      .filter((item) =>
        ids.has(readCertificateRecord(item).chainId.toLowerCase()),
      )
      .map((record) => ({ expiring: listing.expiring, record })),
  );
  const { now, policy, domains } = account;
  return [
    [
      title,
      `product   ${JSON.stringify(onlyOurs)}`,
      `reference ${JSON.stringify(onlyTheirs)}`,
      `records   ${JSON.stringify(records)}`,
      `account   ${JSON.stringify({ now, policy, domains })}`,
    ].join("\n"),
  ];
}

/** The demo account, as the real observer reads it from the real emulator; and the raw answers that it got. */
async function observeDemo(): Promise<{
  readonly account: RawAccount;
  readonly ours: Answer[];
}> {
  const now = Date.now();
  const live = await startLiveEmulator({
    credentials: [KEY],
    account: demoAccount(now),
    switches: { perSecond: null },
  });
  const listings: { expiring: boolean; records: unknown[] }[] = [];
  const domains: Fields[] = [];
  const hear = (body: object, answer: unknown): void => {
    const result = isObject(answer) ? answer : {};
    const list = result["CertList"] ?? result["DomainList"];
    const items: unknown[] = Array.isArray(list) ? list : [];
    if (!("Expiring" in body)) domains.push(...items.filter(isObject));
    else listings.push({ expiring: body.Expiring === true, records: items });
  };
  try {
    const host = new URL(live.url).host;
    const seen = await observe(host, KEY, demoSettings, hear);
    const { policy } = seen;
    return {
      account: { now: new Date(now).toISOString(), policy, listings, domains },
      ours: answersOf(judge(seen, policy, now)),
    };
  } finally {
    await live.close();
  }
}

party("Python reference of the verdict", version, ["python"], () => {
  it("agrees on the demo account, observed over the wire", async ({ task }) => {
    const { account, ours } = await observeDemo();
    const [theirs = []] = askReference([account]);
    expect(disagreements("demo account", account, ours, theirs)).toEqual([]);
    expect(new Set(theirs.flatMap(({ reasons }) => reasons))).toEqual(
      new Set(REASONS),
    );
    task.meta.cases = theirs.length;
  });

  it(`agrees on ${String(ACCOUNTS)} generated accounts, reasons included`, ({
    task,
  }) => {
    const accounts = Array.from({ length: ACCOUNTS }, (_, n) =>
      createRawAccount(FIRST + n),
    );
    const theirs = askReference(accounts);
    const ours = accounts.map(askProduct);
    const found = accounts.flatMap((account, n) =>
      disagreements(
        `seed ${String(FIRST + n)}`,
        account,
        ours[n] ?? [],
        theirs[n] ?? [],
      ),
    );
    expect(found.slice(0, 5).join("\n\n")).toBe("");
    expect(theirs).toHaveLength(ACCOUNTS);
    task.meta.cases = theirs.flat().length;

    // The accounts must be worth the comparison: every reason often, and often as the only one that keeps.
    for (const reason of REASONS) {
      const having = (is: (answer: Answer) => boolean): number =>
        theirs.filter((answers) => answers.some(is)).length;
      expect(
        having(({ reasons }) => reasons.includes(reason)),
        reason,
      ).toBeGreaterThan(60);
      expect(
        having(({ reasons }) => reasons.length === 1 && reasons[0] === reason),
        `${reason} alone`,
      ).toBeGreaterThan(20);
    }
    const deletions = theirs.flat().filter((one) => one.verdict === "delete");
    expect(deletions.length).toBeGreaterThan(300);
  });
});
