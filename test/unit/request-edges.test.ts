import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import { createDeletionLog } from "../../functions/janitor/deletion-log.ts";
import {
  inventory,
  inventoryEntries,
  readCursor,
} from "../../functions/janitor/inventory.ts";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import { withDeadline } from "../../functions/janitor/deadline.ts";
import type { Deadline } from "../../functions/janitor/ports.ts";
import { judge } from "../../functions/janitor/verdict.ts";
import {
  failure,
  fields,
  lost,
  OTHER,
  deletion,
  type Fields,
} from "../support/deletion-story.ts";
import { VirtualClock } from "../world/clock.ts";

describe("the log of a deletion", () => {
  const logged = (allowed = true) => {
    const lines: Fields[] = [];
    const log = createDeletionLog(
      (line) => lines.push(line),
      { runId: "run", chainId: "c" },
      () => allowed,
    );
    return { lines, log };
  };
  const facts = { runId: "run", chainId: "c" };
  const failed = failure({
    kind: "forbidden",
    outcome: "answered",
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
    log.permit(3);
    log.broke(failed);
    log.broke(failed);
    expect(lines).toEqual([
      { event: "delete-attempt", ...facts, attempt: 3 },
      { ...failedLine, attempt: 3 },
    ]);
  });
});

describe("a cursor", () => {
  const encode = (value: unknown) =>
    Buffer.from(JSON.stringify(value)).toString("base64url");

  it.each([
    [[1, "a", 0, "b"]],
    [["1", "a", 0]],
    [[1, 2, 0]],
    [[1, "a", "0"]],
    [[1, "a"]],
    ["1a0"],
    [{ length: 3 }],
  ])("of %j is none", (value) => {
    expect(readCursor(encode(value))).toBeUndefined();
  });

  it("is read as it was made", () => {
    expect(readCursor(encode([1, "a", 2]))).toEqual([1, "a", 2]);
  });
});

describe("a page", () => {
  const judged = (items: readonly Fields[]) =>
    inventoryEntries(
      judge(
        {
          certificates: uniteListings([
            { expiring: true, records: items.map(readCertificateRecord) },
          ]),
          domains: [],
        },
        { graceDays: 0, unseenDomains: "keep", projectNames: [], protect: [] },
        Date.parse("2026-11-24T12:00:00Z"),
      ),
      [],
      "auto",
      Date.parse("2026-11-24T12:00:00Z"),
    );

  it("skips none that ties with the last one, though one before them is gone", () => {
    const long = "x".repeat(64);
    const gone = fields({ ChainID: "", CertName: "gone" });
    const ties = ["a", "b"].map((end) =>
      fields({ ChainID: `${long}${end}`, CertName: end }),
    );
    const { certificates, next } = inventory(judged([gone, ...ties]), {
      limit: 2,
    });
    expect(certificates.map(({ name }) => name)).toEqual(["gone", "a"]);
    const after = readCursor(next!);
    expect(
      inventory(judged(ties), { limit: 2, after }).certificates,
    ).toMatchObject([{ name: "b" }]);
  });

  it("of two million bytes may have one more", () => {
    const sized = (bytes: number) => {
      const [first, second] = [
        fields({ CertName: "" }),
        fields({ ChainID: OTHER, CertName: "second" }),
      ];
      const [empty] = judged([first]);
      const name = "x".repeat(bytes - Buffer.byteLength(JSON.stringify(empty)));
      return inventory(judged([{ ...first, CertName: name }, second]), {
        limit: 9,
      });
    };
    expect(sized(2_000_000).certificates).toHaveLength(2);
    expect(sized(2_000_001).certificates).toHaveLength(1);
  });
});

describe("a deletion whose secret changed in between", () => {
  const changed = failure({
    kind: "secret-changed",
    outcome: "not done",
    attempts: 0,
  });
  const sent = changed.after(2, true);
  const timeout = failure({ kind: "timeout", attempts: 0 });

  it("before anything was sent, and that is gone at the second look, was not there", async () => {
    const { outcome } = await deletion({
      deletes: [changed],
      reads: [[fields()], []],
    });
    expect(outcome).toEqual({ outcome: "absent", requestId: "r-read-2" });
  });

  it("after an attempt, and that the second deletes, is deleted", async () => {
    const { outcome } = await deletion({
      deletes: [sent, undefined],
      lists: [timeout],
    });
    expect(outcome).toMatchObject({ outcome: "deleted" });
  });

  it("before anything was sent, and that cannot be looked at again, rejects", async () => {
    await expect(
      deletion({ deletes: [changed], reads: [[fields()], timeout] }),
    ).rejects.toBe(timeout);
  });

  it("after an attempt, and that meets a defect, rejects with the defect", async () => {
    const defect = new TypeError("a defect");
    await expect(
      deletion({
        deletes: [sent],
        lists: [timeout],
        reads: [[fields()], defect],
      }),
    ).rejects.toBe(defect);
  });
});

it("a lost answer is decided by the one certificate, whatever others are listed", async () => {
  const { outcome } = await deletion({
    deletes: [lost],
    lists: [[fields({ ChainID: OTHER }), fields()]],
  });
  expect(outcome).toMatchObject({ outcome: "failed", stillListed: true });
});

describe("a vendor failure", () => {
  it("has its facts, with defaults", () => {
    expect(
      new VendorFailure("m", { kind: "timeout", outcome: "unknown" }),
    ).toMatchObject({
      name: "VendorFailure",
      message: "m",
      kind: "timeout",
      outcome: "unknown",
      code: undefined,
      attempts: 0,
      possiblyDone: false,
    });
  });

  it("has a cause where there is one, and else none", () => {
    const cause = new Error("why");
    expect(failure({ cause }).cause).toBe(cause);
    expect("cause" in failure()).toBe(false);
  });

  it("after other attempts is the same but for them", () => {
    const cause = new Error("why");
    const one = failure({
      code: "C",
      requestId: "R",
      retryAfterMs: 5,
      cause,
    });
    const same = one.after(7, true);
    expect(same).toMatchObject({
      message: "It failed.",
      kind: one.kind,
      outcome: one.outcome,
      code: "C",
      requestId: "R",
      retryAfterMs: 5,
      attempts: 7,
      possiblyDone: true,
    });
    expect(same.cause).toBe(cause);
  });
});

describe("a deadline", () => {
  const RAN_OUT = {
    name: "VendorFailure",
    message: "The time for this step ran out.",
    kind: "timeout",
    outcome: "unknown",
  };

  /** A clock that is not at zero, as no clock of a host is. */
  async function started(): Promise<VirtualClock> {
    const clock = new VirtualClock();
    await clock.pass(7000);
    return clock;
  }

  /** Work that ends with the reason of its deadline. */
  function endless({ signal }: Deadline): Promise<never> {
    return new Promise((_, reject) => {
      const abort = () => {
        reject(signal.reason as Error);
      };
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort);
    });
  }

  it("gives what the work gives, and stops what it left running", async () => {
    const clock = await started();
    let deadline: Deadline | undefined;
    const result = await clock.run(
      withDeadline(clock, 5000, undefined, async (given) => {
        deadline = given;
        await clock.sleep(100);
        expect(given.signal.aborted).toBe(false);
        return "done";
      }),
    );
    expect(result).toBe("done");
    expect(deadline?.at).toBe(12_000);
    expect(deadline?.signal.reason).toMatchObject({
      ...RAN_OUT,
      message: "No longer needed.",
    });
    // The timer is gone, too.
    await clock.pass(10_000);
    expect(clock.slept).toEqual([100]);
  });

  it("ends the work when it is over, and not before", async () => {
    const clock = await started();
    await expect(
      clock.run(withDeadline(clock, 5000, undefined, endless)),
    ).rejects.toMatchObject(RAN_OUT);
    expect(clock.monotonic()).toBe(12_000);
  });

  it.each([0, -1])("of %d ms is over at once", async (ms) => {
    const clock = await started();
    await expect(
      withDeadline(clock, ms, undefined, ({ signal }) => {
        expect(signal.aborted).toBe(true);
        return endless({ at: 0, signal });
      }),
    ).rejects.toMatchObject(RAN_OUT);
  });

  it("lasts no longer than its parent", async () => {
    const clock = await started();
    const parent = clock.deadline(3000);
    let at: number | undefined;
    await expect(
      clock.run(
        withDeadline(clock, 5000, parent, (deadline) => {
          at = deadline.at;
          return endless(deadline);
        }),
      ),
    ).rejects.toMatchObject(RAN_OUT);
    expect(at).toBe(10_000);
    expect(clock.monotonic()).toBe(10_000);
  });

  it("ends before its parent where that lasts longer", async () => {
    const clock = await started();
    await expect(
      clock.run(withDeadline(clock, 1000, clock.deadline(3000), endless)),
    ).rejects.toMatchObject(RAN_OUT);
    expect(clock.monotonic()).toBe(8000);
  });

  it("ends as soon as its parent aborts, also before it began", async () => {
    const clock = await started();
    const over = new AbortController();
    const parent = { at: 99_000, signal: over.signal };
    const work = withDeadline(clock, 5000, parent, endless);
    over.abort(new Error("enough"));
    await expect(work).rejects.toMatchObject(RAN_OUT);
    await expect(
      withDeadline(clock, 5000, parent, ({ signal }) => {
        expect(signal.aborted).toBe(true);
        return endless({ at: 0, signal });
      }),
    ).rejects.toMatchObject(RAN_OUT);
  });

  it("leaves no listener on its parent, however the work ends", async () => {
    const clock = await started();
    const { signal } = new AbortController();
    const parent = { at: Infinity, signal };
    await withDeadline(clock, 5000, parent, () => Promise.resolve());
    await expect(
      withDeadline(clock, 5000, parent, () => Promise.reject(new Error("x"))),
    ).rejects.toThrow("x");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
