import { expect, it } from "vitest";
import type { ProtectRule } from "../../functions/contract/parsers.ts";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import { idleRules } from "../../functions/janitor/report.ts";
import { judge } from "../../functions/janitor/verdict.ts";

const NOW = Date.UTC(2026, 10, 25);

function idle(rules: readonly ProtectRule[]): string[] {
  const records = ["live.example.org", "root"].map((name, index) =>
    readCertificateRecord({
      ChainID: String(index).repeat(32),
      CertName: name,
      CertDomainList: ["a.example.org"],
      NotBefore: "2026-01-01T00:00:00Z",
      NotAfter: "2026-06-01T00:00:00Z",
      Status: "Expire",
    }),
  );
  const policy = {
    graceDays: 7,
    unseenDomains: "keep",
    projectNames: [],
    protect: rules,
  } as const;
  const certificates = uniteListings([{ expiring: true, records }]);
  return idleRules(judge({ certificates, domains: [] }, policy, NOW), rules);
}

it("names the protect rules that match no certificate", () => {
  expect(
    idle([
      { match: "name", value: "ROOT", owner: "ops" },
      { match: "name", value: "rooot", owner: "ops" },
      { match: "domain", value: "*.example.org.", owner: "video" },
      { match: "domain", value: "root", owner: "video" },
      { match: "chainId", value: "0*", owner: "ops" },
      { match: "chainId", value: "f".repeat(32), owner: "security" },
      { match: "name", value: "live*", owner: "ops", until: "2026-11-24" },
      { match: "name", value: "live.*", owner: "ops", until: "2026-11-25" },
    ]),
  ).toEqual([
    "name rooot (ops)",
    "domain root (video)",
    `chainId ${"f".repeat(32)} (security)`,
    "name live* (ops)",
  ]);
});

it("names none without rules", () => {
  expect(idle([])).toEqual([]);
});
