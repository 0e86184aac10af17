import { describe, expect, it } from "vitest";
import { readCertificateRecord } from "../../functions/janitor/certificate.ts";
import {
  createDeletionLog,
  deletionFacts,
} from "../../functions/janitor/deletion-log.ts";
import { certificate, failure, id, type Fields } from "../world/account.ts";

const facts = { runId: "run", chainId: "c" };

describe("the log of a deletion", () => {
  const logged = (allowed = true) => {
    const lines: Fields[] = [];
    const log = createDeletionLog(
      (line) => lines.push(line),
      facts,
      () => allowed,
    );
    return { lines, log };
  };
  const failed = failure({
    kind: "forbidden",
    code: "RequestForbidden",
    requestId: "R",
  });
  const failedLine = {
    event: "delete-outcome",
    ...facts,
    outcome: "failed",
    failure: "forbidden",
    class: "answered",
    code: "RequestForbidden",
    requestId: "R",
    error: "It failed.",
  };

  it("has a line before and one after each attempt", () => {
    const { lines, log } = logged();
    expect(log.permit(1)).toBe(true);
    log.ended(1, failed);
    expect(log.permit(2)).toBe(true);
    log.ended(2, undefined, "R2");
    expect(lines).toEqual([
      { event: "delete-attempt", ...facts, attempt: 1 },
      { ...failedLine, attempt: 1 },
      { event: "delete-attempt", ...facts, attempt: 2 },
      {
        event: "delete-outcome",
        ...facts,
        attempt: 2,
        outcome: "deleted",
        requestId: "R2",
      },
    ]);
  });

  it("has none of an attempt that is forbidden", () => {
    const { lines, log } = logged(false);
    expect(log.permit(1)).toBe(false);
    log.broke(failed);
    expect(lines).toEqual([]);
  });

  it("closes an attempt that broke, and no other", () => {
    const { lines, log } = logged();
    log.broke(failed);
    log.permit(2);
    log.ended(2, failed);
    log.broke(failed);
    log.permit(3);
    log.broke(failed);
    log.broke(failed);
    expect(lines.map(({ event, attempt }) => [event, attempt])).toEqual([
      ["delete-attempt", 2],
      ["delete-outcome", 2],
      ["delete-attempt", 3],
      ["delete-outcome", 3],
    ]);
  });
});

it("its facts find the certificate again, with up to a hundred domains", () => {
  const domains = Array.from({ length: 101 }, (_, n) => `d${String(n)}.net`);
  const record = readCertificateRecord(
    certificate(1, { CertDomainList: domains }),
  );
  const listed = { listedAsExpired: true, listedAsUnexpired: false };
  expect(
    deletionFacts({ chainId: id(1), records: [record], ...listed }),
  ).toEqual({
    chainId: id(1),
    name: "c1",
    notAfter: record.notAfter,
    domains: domains.slice(0, 100),
  });
});
