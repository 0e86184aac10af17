import { describe, expect, it } from "vitest";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import {
  isObject,
  type ProtectRule,
} from "../../functions/contract/parsers.ts";
import {
  expiringInUse,
  noticeOf,
  renewalOf,
} from "../../functions/janitor/foresight.ts";
import { readDomain } from "../../functions/janitor/in-use.ts";
import { judge, type Judgement } from "../../functions/janitor/verdict.ts";
import { REASONS, type Reason } from "../../functions/contract/reasons.ts";
import { demoAccount, demoSettings } from "../../infra/local/fixtures.ts";
import { readParameters } from "../../infra/local/live-emulator/parameters.ts";
import { listCertV2 } from "../../infra/local/live-emulator/list-cert-v2.ts";
import { listDomainDetail } from "../../infra/local/live-emulator/list-domain-detail.ts";
import { DEFAULT_SWITCHES } from "../../infra/local/live-emulator/switches.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const protect = JSON.parse(demoSettings.PROTECT) as ProtectRule[];
const projectNames = JSON.parse(demoSettings.PROJECT_NAMES) as string[];

function items(result: object | undefined, name: string): unknown[] {
  // Through JSON, which is where a field that is undefined goes missing.
  const sent: unknown = JSON.parse(JSON.stringify(result));
  const list = isObject(sent) ? sent[name] : undefined;
  if (!Array.isArray(list)) throw new Error(`no ${name}`);
  return list;
}

function observed() {
  const account = { ...demoAccount(NOW), foreign: new Set<string>() };
  const ask = (body: object) => ({
    parameters: readParameters(Buffer.from(JSON.stringify(body))),
    account,
    switches: DEFAULT_SWITCHES,
    now: NOW,
  });
  const listings = projectNames.flatMap((ProjectName) =>
    [true, false].flatMap((Available) =>
      [true, false].map((Expiring) => ({
        expiring: Expiring,
        records: items(
          listCertV2(ask({ Available, Expiring, ProjectName })),
          "CertList",
        ).map(readCertificateRecord),
      })),
    ),
  );
  const domains = items(
    listDomainDetail(ask({ PageNum: 1, PageSize: 1000 })),
    "DomainList",
  )
    .map(readDomain)
    .filter((domain) => domain !== undefined);
  return { certificates: uniteListings(listings), domains };
}

function judgements(): Judgement[] {
  return judge(
    observed(),
    { graceDays: 7, unseenDomains: "keep", projectNames, protect },
    NOW,
  );
}

function reasonsOf(name: string): readonly Reason[] {
  const found = judgements().find(
    ({ certificate }) => certificate.records[0].name === name,
  );
  if (found === undefined) throw new Error(`no certificate ${name}`);
  return found.reasons;
}

describe("the demo account", () => {
  it.each(REASONS)("shows a certificate kept for %s alone", (reason) => {
    const alone = judgements().filter(
      ({ reasons }) => reasons.length === 1 && reasons[0] === reason,
    );
    expect(alone).not.toEqual([]);
  });

  it("has a dozen certificates to delete, one of them written in Chinese", () => {
    const names = judgements()
      .filter(({ verdict }) => verdict === "delete")
      .map(({ certificate }) => certificate.records[0].name);
    expect(names).toHaveLength(13);
    expect(names).toContain("播放域名旧证书");
    expect(names).toContain("pull-backup, Shanghai time");
    expect(names).toContain("festival 2019");
  });

  it("has one of each kind that is about to expire in use", () => {
    const { domains } = observed();
    const said = expiringInUse(judgements(), domains, "auto", NOW).flatMap(
      ({ daysLeft, domains }) =>
        domains.map((one) => `${String(daysLeft)} days: ${renewalOf(one)}`),
    );
    expect(said).toEqual([
      "4 days: no renewal is listed",
      "11 days: renewed as play.example.com 2027, but not bound to play.example.com",
    ]);
  });

  it("has two deletions to come", () => {
    const notices = judgements().map(({ reasons, certificate }) =>
      noticeOf({ reasons, notAfter: certificate.records[0].notAfter }, 7),
    );
    expect(notices.filter((notice) => notice !== undefined)).toHaveLength(2);
  });

  it("is of the promised size", () => {
    const { certificates, domains } = demoAccount(NOW);
    expect(certificates).toHaveLength(44);
    expect(domains).toHaveLength(13);
  });

  it.each<[string, readonly Reason[]]>([
    ["push.example.com 2026", ["not-expired", "in-use"]],
    ["push.example.com, last renewal", ["within-grace"]],
    ["says OK", ["status-conflict"]],
    ["listed as unexpired", ["status-conflict"]],
    ["push-old.example.org", ["in-use"]],
    ["play-old.example.org", ["in-use"]],
    ["pull.example.org 2023", ["in-use"]],
    ["push.example.org 2023", ["in-use"]],
    ["uploaded by hand", ["in-use"]],
    ["old-studio.example.com", ["domain-not-visible"]],
    ["legal-hold-2021", ["protected"]],
    ["sports, other team", ["out-of-scope"]],
    ["short id", ["malformed-record"]],
    ["names as text", ["malformed-record", "in-use"]],
    ["no status", ["malformed-record", "status-conflict"]],
    ["listed twice", ["malformed-record"]],
    ["no zone", ["expiry-unreadable"]],
    ["zero time", ["expiry-unreadable"]],
    ["ends before it begins", ["validity-inverted"]],
    ["example.com wildcard 2024", []],
    ["pull.example.net, disabled", []],
  ])("keeps %s for %j", (name, reasons) => {
    expect(reasonsOf(name)).toEqual(reasons);
  });

  it("names each certificate within the console's 40 characters, and once", () => {
    const { certificates } = demoAccount(NOW);
    const names = certificates.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(Math.max(...names.map((name) => name.length))).toBeLessThan(41);
  });

  it("has no rule that is over and would still protect", () => {
    expect(protect.filter(({ until }) => until !== undefined)).toHaveLength(1);
    expect(reasonsOf("festival 2019")).toEqual([]);
  });
});
