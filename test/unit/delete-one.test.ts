import { describe, expect, it } from "vitest";
import {
  failure,
  fields,
  forbidden,
  ID,
  lost,
  notFound,
  OTHER,
  deletion,
  type Fields,
  type Story,
} from "../support/deletion-story.ts";

const inUse = { domains: [{ Domain: "a.example.com", ChainID: ID }] };
const valid = { NotAfter: "2027-01-01T00:00:00Z", Status: "OK" };
const rule = { match: "name", value: "live-*", owner: "ops" } as const;

describe("a deletion", () => {
  it("that succeeds gives the vendor's request id and the certificate", async () => {
    const { outcome, orders, calls } = await deletion();
    expect(outcome).toMatchObject({
      outcome: "deleted",
      requestId: "r-delete",
      judgement: { certificate: { chainId: ID } },
    });
    expect(orders).toHaveLength(1);
    expect(calls).toEqual({ reads: 1, lists: 0 });
  });

  it("orders it under the evidence's key, within the evidence's life and 5 s before the end", async () => {
    const { orders } = await deletion();
    expect(orders[0]).toMatchObject({
      chainId: ID,
      secretVersion: "v1",
      sendBefore: 60_000,
      deadline: { at: 20_000 },
    });
  });

  it("takes a chain id in any case and sends the one that was listed", async () => {
    const { orders } = await deletion({
      request: { chainId: ID.toUpperCase() },
    });
    expect(orders[0]?.chainId).toBe(ID);
  });

  it("logs a line before and a line after, with who asked", async () => {
    const facts = {
      caller: "me",
      force: false,
      chainId: ID,
      name: "live-2024",
      notAfter: "2025-01-01T00:00:00Z",
      domains: ["free.example.com"],
      attempt: 1,
    };
    const { lines } = await deletion({
      reads: [[fields({ CertDomainList: ["free.example.com"] })]],
    });
    expect(lines).toEqual([
      { event: "delete-attempt", ...facts },
      {
        event: "delete-outcome",
        ...facts,
        outcome: "deleted",
        requestId: "r-delete",
      },
    ]);
  });

  it("of a valid but unused certificate is done: the caller named it", async () => {
    const { outcome } = await deletion({ reads: [[fields(valid)]] });
    expect(outcome.outcome).toBe("deleted");
  });
});

describe("without a DeleteCert", () => {
  it.each<[string, Story, object]>([
    [
      "absent: not in the account",
      { reads: [[fields({ ChainID: OTHER })]] },
      { outcome: "absent", requestId: "r-read-1" },
    ],
    [
      "absent: of another project",
      { policy: { projectNames: ["p"] } },
      { outcome: "absent" },
    ],
    [
      "absent: of another project, force or not",
      { policy: { projectNames: ["p"] }, request: { force: true } },
      { outcome: "absent" },
    ],
    ["refused: in use", inUse, { outcome: "refused", because: "in-use" }],
    [
      "refused: a domain out of sight",
      { reads: [[fields({ CertDomainList: ["x.example.org"] })]] },
      { outcome: "refused", because: "in-use" },
    ],
    [
      "refused: protected",
      { policy: { protect: [rule] } },
      { outcome: "refused", because: "protected" },
    ],
    [
      "refused: in use goes before protected",
      { ...inUse, policy: { protect: [rule] } },
      { outcome: "refused", because: "in-use" },
    ],
    [
      "refused: one of two records is protected",
      {
        reads: [[fields({ CertName: "x" }), fields()]],
        policy: { protect: [rule] },
      },
      { outcome: "refused", because: "protected" },
    ],
    [
      "refused: in a dry run too",
      { ...inUse, request: { dryRun: true } },
      { outcome: "refused", because: "in-use" },
    ],
    [
      "wouldDelete: dry run",
      { request: { dryRun: true } },
      { outcome: "wouldDelete", requestId: "r-read-1" },
    ],
    [
      "wouldDelete: dry run with force",
      { ...inUse, request: { dryRun: true, force: true } },
      { outcome: "wouldDelete" },
    ],
  ])("%s", async (_rule, story, expected) => {
    const { outcome, orders, lines } = await deletion(story);
    expect(outcome).toMatchObject(expected);
    expect(orders).toEqual([]);
    expect(lines).toEqual([]);
  });

  it("rejects where the account cannot be read", async () => {
    const broken = failure({ kind: "incomplete-listing", attempts: 0 });
    await expect(deletion({ reads: [broken] })).rejects.toBe(broken);
    const forced = deletion({ reads: [broken], request: { force: true } });
    await expect(forced).rejects.toBe(broken);
  });
});

describe("force", () => {
  it.each<[string, Story]>([
    ["in use", inUse],
    [
      "out of sight",
      { reads: [[fields({ CertDomainList: ["x.example.org"] })]] },
    ],
    ["protected", { policy: { protect: [rule] } }],
  ])("deletes what is %s, and the log says so", async (_what, story) => {
    const { outcome, lines } = await deletion({
      ...story,
      request: { force: true },
    });
    expect(outcome.outcome).toBe("deleted");
    expect(lines[0]).toMatchObject({ event: "delete-attempt", force: true });
  });
});

describe("a failure", () => {
  const gone: Fields[] = [fields({ ChainID: OTHER })];
  const there = [fields({ ChainID: ID.toUpperCase() })];
  const listFails = failure({ kind: "timeout" });

  it.each<[string, Story, object]>([
    [
      "of unknown outcome, gone from a fresh list: alreadyGone",
      { deletes: [lost], lists: [gone] },
      { outcome: "alreadyGone", requestId: "r-list-1" },
    ],
    [
      "of unknown outcome, still listed",
      { deletes: [lost], lists: [there] },
      { outcome: "failed", failure: lost, sent: true, stillListed: true },
    ],
    [
      "of unknown outcome, no fresh list to be had",
      { deletes: [lost], lists: [listFails] },
      { outcome: "failed", failure: lost, sent: true, stillListed: undefined },
    ],
    [
      "not found, gone: absent",
      { deletes: [notFound], lists: [gone] },
      { outcome: "absent", requestId: "r-list-1" },
    ],
    [
      "forbidden, gone: absent",
      { deletes: [forbidden], lists: [gone] },
      { outcome: "absent" },
    ],
    [
      "not found although listed",
      { deletes: [notFound], lists: [there] },
      { outcome: "failed", failure: notFound, stillListed: true },
    ],
    [
      "forbidden although listed",
      { deletes: [forbidden], lists: [there] },
      { outcome: "failed", failure: forbidden, stillListed: true },
    ],
    [
      "not found after an unknown attempt, gone: alreadyGone",
      { deletes: [notFound.after(2, true)], lists: [gone] },
      { outcome: "alreadyGone" },
    ],
    [
      "any other after an unknown attempt, gone: alreadyGone",
      {
        deletes: [failure({ kind: "throttled" }).after(3, true)],
        lists: [gone],
      },
      { outcome: "alreadyGone" },
    ],
  ])("%s", async (_rule, story, expected) => {
    const { outcome, calls, orders } = await deletion(story);
    expect(outcome).toMatchObject(expected);
    expect(calls).toEqual({ reads: 1, lists: 1 });
    expect(orders).toHaveLength(1);
  });

  it.each([
    failure({ kind: "throttled", outcome: "not done" }),
    failure({ kind: "billing", outcome: "answered" }),
    failure({ kind: "access-denied", outcome: "answered" }),
    failure({ kind: "invalid-parameter", outcome: "answered" }),
    failure({ kind: "credentials-rejected", outcome: "credentials" }),
    failure({ kind: "too-late", outcome: "not done", attempts: 0 }),
  ])("of kind $kind is what it is, without a fresh list", async (given) => {
    const { outcome, calls } = await deletion({ deletes: [given] });
    expect(outcome).toMatchObject({
      outcome: "failed",
      failure: given,
      sent: given.attempts > 0,
      stillListed: undefined,
    });
    expect(calls.lists).toBe(0);
  });

  it("leaves 5 s for the fresh list", async () => {
    const { orders, clock } = await deletion({
      deletes: [lost],
      deleteTakes: 60_000,
      time: 8000,
    });
    // The fake deleter does not listen, so its signal is what tells.
    expect(orders[0]?.deadline).toMatchObject({
      at: 3000,
      signal: { aborted: true },
    });
    expect(clock.monotonic()).toBeGreaterThan(0);
  });

  it("that is a bug passes through", async () => {
    const bug = new TypeError("bug");
    await expect(deletion({ deletes: [bug] })).rejects.toBe(bug);
    await expect(deletion({ deletes: [lost], lists: [bug] })).rejects.toBe(bug);
  });
});

describe("a secret that changed in between", () => {
  const changed = failure({
    kind: "secret-changed",
    outcome: "not done",
    attempts: 0,
  });

  it("has all of it looked at again, once", async () => {
    const { outcome, calls, orders } = await deletion({
      deletes: [changed, undefined],
    });
    expect(outcome.outcome).toBe("deleted");
    expect(calls.reads).toBe(2);
    expect(orders.map(({ secretVersion }) => secretVersion)).toEqual([
      "v1",
      "v2",
    ]);
  });

  it("and changes again ends it", async () => {
    const { outcome, calls } = await deletion({ deletes: [changed] });
    expect(outcome).toMatchObject({ outcome: "failed", failure: changed });
    expect(calls.reads).toBe(2);
  });

  it("does not overrule what the second look says", async () => {
    const { outcome } = await deletion({
      deletes: [changed],
      reads: [[fields()], [fields({ CertDomainList: ["x.example.org"] })]],
    });
    expect(outcome).toMatchObject({ outcome: "refused", because: "in-use" });
  });

  it("after an unknown attempt, and gone at the second look, is alreadyGone", async () => {
    const { outcome } = await deletion({
      deletes: [changed.after(2, true)],
      lists: [failure({ kind: "timeout" })],
      reads: [[fields()], []],
    });
    expect(outcome).toMatchObject({ outcome: "alreadyGone" });
  });

  it("after an unknown attempt, and no second look to be had, says that one was sent", async () => {
    const { outcome } = await deletion({
      deletes: [changed.after(2, true)],
      lists: [[fields()]],
      reads: [[fields()], failure({ kind: "timeout", attempts: 0 })],
    });
    expect(outcome).toMatchObject({ outcome: "failed", sent: true });
  });

  it.each([
    [
      "throttled the second time",
      failure({ kind: "throttled", outcome: "not done" }),
    ],
    [
      "too late the second time",
      failure({ kind: "too-late", outcome: "not done", attempts: 0 }),
    ],
  ])(
    "after an unknown attempt, and %s, may have been deleted",
    async (_what, again) => {
      const { outcome } = await deletion({
        deletes: [changed.after(2, true), again],
        lists: [failure({ kind: "timeout" })],
      });
      expect(outcome).toMatchObject({
        outcome: "failed",
        sent: true,
        failure: { possiblyDone: true, attempts: 2 + again.attempts },
      });
    },
  );
});

describe("a reading that shifted", () => {
  it("does not prove that a certificate is not there", async () => {
    await expect(
      deletion({ reads: [[]], isSettled: false }),
    ).rejects.toMatchObject({ kind: "incomplete-listing" });
  });

  it("is acted on where it has the certificate", async () => {
    const { outcome } = await deletion({ isSettled: false });
    expect(outcome.outcome).toBe("deleted");
  });
});
