import { describe, expect, it } from "vitest";
import {
  certificate,
  domain,
  ending,
  failure,
  id,
  type Fields,
} from "../world/account.ts";
import { deletion, type DeletionStory } from "../world/story.ts";

const ONE = certificate(1);
const OTHER = certificate(2);
const UPPER = certificate(1, { ChainID: id(1).toUpperCase() });
const UNSEEN = certificate(1, { CertDomainList: ["x.example.org"] });

const lost = failure({ outcome: "unknown", possiblyDone: true });
const notFound = failure({ kind: "not-found" });
const forbidden = failure({ kind: "forbidden" });
const throttled = failure({ kind: "throttled", outcome: "not done" });
const tooLate = failure({ kind: "too-late", outcome: "not done", attempts: 0 });
const timeout = failure({ kind: "timeout", outcome: "unknown", attempts: 0 });

const inUse = { domains: [domain("a.example.com", id(1))] };
const rule = { match: "name", value: "c?", owner: "ops" } as const;
const PROTECTED = { policy: { protect: [rule] } };

/** What DeleteCert fails with in turn, the last for ever. */
const fails = (...all: readonly (Error | undefined)[]) => ({
  deletes: (_: unknown, call: number) => all[Math.min(call, all.length) - 1],
});

describe("a deletion", () => {
  it("that succeeds gives the vendor's request id and the certificate", async () => {
    const { outcome, orders, calls } = await deletion();
    expect(outcome).toMatchObject({
      outcome: "deleted",
      requestId: "r-delete",
      judgement: { certificate: { chainId: id(1) } },
    });
    expect(orders).toHaveLength(1);
    expect(calls).toEqual({ reads: 1, lists: 0 });
  });

  it("orders it under the evidence's key, within the evidence's life and 5 s before the end", async () => {
    const { orders } = await deletion();
    expect(orders[0]).toMatchObject({
      chainId: id(1),
      secretVersion: "v1",
      sendBefore: 60_000,
      deadline: { at: 20_000 },
    });
  });

  it("has no time to be sent where none is left to look at what became of it", async () => {
    const { orders } = await deletion({
      ...fails(lost),
      deleteTakes: 4000,
      time: 8000,
    });
    // The deleter of the story does not listen, so its signal is what tells.
    expect(orders[0]?.deadline).toMatchObject({
      at: 3000,
      signal: { aborted: true },
    });
    const heard: boolean[] = [];
    const late = await deletion({
      readTakes: 3001,
      time: 8000,
      deletes: ({ deadline }) => {
        heard.push(deadline.signal.aborted);
        return tooLate;
      },
    });
    expect(heard).toEqual([true]);
    expect(late.outcome).toMatchObject({ outcome: "failed", sent: false });
  });

  it("takes a chain id in any case and sends the one that was listed", async () => {
    const { orders } = await deletion({
      request: { chainId: id(1).toUpperCase() },
    });
    expect(orders[0]?.chainId).toBe(id(1));
  });

  it("tells of each attempt in the instant in which it is sent, with who asked, and logs it before and after", async () => {
    const sends: unknown[] = [];
    const { lines } = await deletion({
      reads: [[certificate(1, { CertDomainList: ["free.example.com"] })]],
      request: { onSend: () => sends.push("sent") },
    });
    const facts = {
      caller: "me",
      force: false,
      chainId: id(1),
      name: "c1",
      domains: ["free.example.com"],
      attempt: 1,
    };
    expect(lines).toMatchObject([
      { event: "delete-attempt", ...facts },
      {
        event: "delete-outcome",
        ...facts,
        outcome: "deleted",
        requestId: "r-delete",
      },
    ]);
    expect(sends).toEqual(["sent"]);
  });

  it("of a valid but unused certificate is done: the caller named it", async () => {
    const { outcome } = await deletion({
      account: [certificate(1, ending(9))],
    });
    expect(outcome.outcome).toBe("deleted");
  });
});

describe("without a DeleteCert", () => {
  const theirs = { policy: { projectNames: ["p"] } };
  const twins = [certificate(1, { CertName: "twin" }), ONE];

  it.each<[string, DeletionStory, object]>([
    [
      "absent: not in the account",
      { account: [OTHER] },
      { outcome: "absent", requestId: "r-read-1" },
    ],
    ["absent: of another project", theirs, { outcome: "absent" }],
    [
      "absent: of another project, force or not",
      { ...theirs, request: { force: true } },
      { outcome: "absent" },
    ],
    ["refused: in use", inUse, { outcome: "refused", because: "in-use" }],
    [
      "refused: a domain out of sight",
      { account: [UNSEEN] },
      { outcome: "refused", because: "in-use" },
    ],
    [
      "refused: protected",
      PROTECTED,
      { outcome: "refused", because: "protected" },
    ],
    [
      "refused: in use goes before protected",
      { ...inUse, ...PROTECTED },
      { outcome: "refused", because: "in-use" },
    ],
    [
      "refused: the second of two records is protected",
      { account: twins, ...PROTECTED },
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

  it("rejects where the account cannot be read, force or not", async () => {
    const broken = failure({ kind: "incomplete-listing", attempts: 0 });
    for (const force of [false, true])
      await expect(
        deletion({ reads: [broken], request: { force } }),
      ).rejects.toBe(broken);
  });

  it("reads again, with patience, what got no answer", async () => {
    const { outcome, calls } = await deletion({
      reads: [throttled, throttled, [ONE]],
    });
    expect(outcome.outcome).toBe("deleted");
    expect(calls.reads).toBe(3);
  });
});

describe("force", () => {
  it.each<[string, DeletionStory]>([
    ["in use", inUse],
    ["out of sight", { account: [UNSEEN] }],
    ["protected", PROTECTED],
  ])("deletes what is %s, and the log says so", async (_what, story) => {
    const request = { force: true };
    const { outcome, lines } = await deletion({ ...story, request });
    expect(outcome.outcome).toBe("deleted");
    expect(lines[0]).toMatchObject({ event: "delete-attempt", force: true });
  });
});

describe("a failure", () => {
  const GONE: Fields[][] = [[OTHER]];

  it.each<[string, Error, (readonly Fields[] | Error)[], object]>([
    [
      "of unknown outcome, gone from a fresh list: alreadyGone",
      lost,
      GONE,
      { outcome: "alreadyGone", requestId: "r-list-1" },
    ],
    [
      "of unknown outcome, still listed, in whatever case",
      lost,
      [[OTHER, UPPER]],
      { outcome: "failed", failure: lost, sent: true, stillListed: true },
    ],
    [
      "of unknown outcome, no fresh list to be had",
      lost,
      [timeout],
      { outcome: "failed", failure: lost, sent: true, stillListed: undefined },
    ],
    [
      "not found, gone: absent",
      notFound,
      GONE,
      { outcome: "absent", requestId: "r-list-1" },
    ],
    ["forbidden, gone: absent", forbidden, GONE, { outcome: "absent" }],
    [
      "not found although listed",
      notFound,
      [[ONE]],
      { outcome: "failed", failure: notFound, stillListed: true },
    ],
    [
      "forbidden although listed",
      forbidden,
      [[ONE]],
      { outcome: "failed", failure: forbidden, stillListed: true },
    ],
    [
      "not found after an unknown attempt, gone: alreadyGone",
      notFound.after(2, true),
      GONE,
      { outcome: "alreadyGone" },
    ],
    [
      "any other after an unknown attempt, gone: alreadyGone",
      throttled.after(3, true),
      GONE,
      { outcome: "alreadyGone" },
    ],
  ])("%s", async (_rule, failed, lists, expected) => {
    const { outcome, calls, orders } = await deletion({
      ...fails(failed),
      lists,
    });
    expect(outcome).toMatchObject(expected);
    expect(calls).toEqual({ reads: 1, lists: 1 });
    expect(orders).toHaveLength(1);
  });

  it("of what the vendor lists in upper case finds it in a list in lower case", async () => {
    const story = { account: [UPPER], ...fails(lost), lists: [[ONE]] };
    const { outcome } = await deletion(story);
    expect(outcome).toMatchObject({ outcome: "failed", stillListed: true });
  });

  it.each([
    throttled,
    tooLate,
    failure({ kind: "billing" }),
    failure({ kind: "access-denied" }),
    failure({ kind: "invalid-parameter" }),
    failure({ kind: "credentials-rejected", outcome: "credentials" }),
  ])(
    "of kind $kind is what it is, without a fresh list, though it be gone from one",
    async (given) => {
      const { outcome, calls } = await deletion({
        ...fails(given),
        lists: GONE,
      });
      expect(outcome).toMatchObject({
        outcome: "failed",
        failure: given,
        sent: given.attempts > 0,
        stillListed: undefined,
      });
      expect(calls.lists).toBe(0);
    },
  );

  it("that is a bug passes through", async () => {
    const bug = new TypeError("bug");
    await expect(deletion(fails(bug))).rejects.toBe(bug);
    await expect(deletion({ ...fails(lost), lists: [bug] })).rejects.toBe(bug);
  });
});

describe("a secret that changed in between", () => {
  const changed = failure({
    kind: "secret-changed",
    outcome: "not done",
    attempts: 0,
  });
  const unsure = changed.after(2, true);

  it("has all of it looked at again, once", async () => {
    const { outcome, calls, orders } = await deletion(
      fails(changed, undefined),
    );
    expect(outcome.outcome).toBe("deleted");
    expect(calls.reads).toBe(2);
    expect(orders.map(({ secretVersion }) => secretVersion)).toEqual([
      "v1",
      "v2",
    ]);
    const twice = await deletion(fails(changed));
    expect(twice.outcome).toMatchObject({ outcome: "failed", sent: false });
    expect(twice.calls.reads).toBe(2);
  });

  it("does not overrule what the second look says", async () => {
    const { outcome } = await deletion({
      ...fails(changed),
      reads: [[ONE], [UNSEEN]],
    });
    expect(outcome).toMatchObject({ outcome: "refused", because: "in-use" });
  });

  it.each([
    ["nothing was sent", changed, "absent"],
    ["what surely was not done", changed.after(1, false), "absent"],
    ["an unknown attempt", unsure, "alreadyGone"],
  ])(
    "after %s, and gone at the second look",
    async (_what, first, expected) => {
      const { outcome } = await deletion({
        ...fails(first),
        lists: [timeout],
        reads: [[ONE], []],
      });
      expect(outcome).toMatchObject({ outcome: expected });
    },
  );

  it("after an unknown attempt, and deleted the second time, is deleted", async () => {
    const { outcome } = await deletion({
      ...fails(unsure, undefined),
      lists: [timeout],
    });
    expect(outcome).toMatchObject({ outcome: "deleted" });
  });

  it("after an unknown attempt, and passed over by a second look that shifted, may have been deleted", async () => {
    const { outcome } = await deletion({
      ...fails(unsure),
      lists: [timeout],
      reads: [[ONE], []],
      isSettled: (read) => read === 1,
    });
    expect(outcome).toMatchObject({
      outcome: "failed",
      sent: true,
      failure: { kind: "incomplete-listing", possiblyDone: true },
    });
  });

  it.each([
    ["it is throttled", throttled],
    ["it comes too late", tooLate],
  ])(
    "after an unknown attempt, and then %s, may have been deleted",
    async (_what, again) => {
      const { outcome } = await deletion({
        ...fails(unsure, again),
        lists: [timeout],
      });
      expect(outcome).toMatchObject({
        outcome: "failed",
        sent: true,
        failure: { possiblyDone: true, attempts: 2 + again.attempts },
      });
    },
  );

  it("after what surely was not done, and then it is throttled, was surely not deleted", async () => {
    const { outcome } = await deletion(
      fails(changed.after(1, false), throttled),
    );
    expect(outcome).toMatchObject({
      outcome: "failed",
      sent: true,
      failure: { possiblyDone: false, attempts: 2 },
    });
  });

  it("and cannot be looked at again, rejects unless something was sent, which may have been done", async () => {
    const reads = [[ONE], timeout];
    await expect(deletion({ ...fails(changed), reads })).rejects.toBe(timeout);
    const { outcome } = await deletion({
      ...fails(unsure),
      lists: [[ONE]],
      reads,
    });
    expect(outcome).toMatchObject({
      outcome: "failed",
      sent: true,
      failure: { kind: "timeout", possiblyDone: true, attempts: 2 },
    });
  });

  it("and meets a defect at the second look, rejects with it", async () => {
    const bug = new TypeError("bug");
    const story = { ...fails(unsure), lists: [timeout], reads: [[ONE], bug] };
    await expect(deletion(story)).rejects.toBe(bug);
  });
});

describe("a reading that shifted", () => {
  it("does not prove that a certificate is not there", async () => {
    await expect(
      deletion({ account: [], isSettled: () => false }),
    ).rejects.toMatchObject({ kind: "incomplete-listing" });
  });

  it("is acted on where it has the certificate", async () => {
    const { outcome } = await deletion({ isSettled: () => false });
    expect(outcome.outcome).toBe("deleted");
  });
});
