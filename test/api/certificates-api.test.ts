import { afterEach, describe, expect, it } from "vitest";
import {
  certificate,
  domain,
  KEY,
  SECRET_ID,
  startWorld,
  type World,
} from "../world/deployment.ts";

const URN = "urn:live-cert-janitor:problem:";
const EXPIRED = certificate(1, -30);
const VALID = certificate(2, 60);
const IN_USE = certificate(3, 60, { domains: ["live.example.com"] });
const OUT_OF_SIGHT = certificate(4, -30, {
  domains: ["elsewhere.example.net"],
});
const PROTECTED = certificate(5, -30, { name: "root-of-trust" });
const ACCOUNT = {
  certificates: [EXPIRED, VALID, IN_USE, OUT_OF_SIGHT, PROTECTED],
  domains: [
    domain("live.example.com", IN_USE.chainId),
    domain("unbound.example.com"),
  ],
};
const ENV = {
  PROTECT: JSON.stringify([
    { match: "name", value: "root-*", owner: "security" },
  ]),
};
const PATH = `/certificates/${EXPIRED.chainId}`;

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function start(
  options: Parameters<typeof startWorld>[0] = {},
): Promise<World> {
  world = await startWorld({
    ...options,
    env: { ...ENV, ...options.env },
    live: {
      credentials: [KEY],
      account: ACCOUNT,
      switches: { perSecond: null },
      ...options.live,
    },
  });
  return world;
}

describe("what the routes answer", () => {
  it("deletes the certificate that is named, once", async () => {
    const { call, live, log } = await start();
    const answer = await call("DELETE", PATH);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body).toMatchObject({
      chainId: EXPIRED.chainId,
      outcome: "deleted",
      certificate: { name: EXPIRED.name, domains: EXPIRED.domains },
    });
    expect(answer.body["requestId"]).toMatch(/^\w+$/);
    expect(live.account.certificates).toHaveLength(4);
    expect(log.map((line) => line["event"])).toEqual([
      "delete-attempt",
      "delete-outcome",
      "request",
    ]);
    expect(log[0]).toMatchObject({
      chainId: EXPIRED.chainId,
      force: false,
      apiRequestId: answer.headers.get("x-request-id"),
    });
    expect(log[0]?.["caller"]).toMatch(/^arn:/);
    const again = await call("DELETE", PATH);
    expect(again.status).toBe(404);
    expect(live.writes()).toHaveLength(1);
  });

  it("deletes a valid certificate that nobody uses, since it was named", async () => {
    const { call, live } = await start();
    const { status } = await call(
      "DELETE",
      `/certificates/${VALID.chainId.toUpperCase()}`,
    );
    expect(status).toBe(200);
    expect(live.writes()).toHaveLength(1);
  });

  it.each([
    ["in use", IN_USE, "certificate-in-use", "live.example.com"],
    ["out of sight", OUT_OF_SIGHT, "certificate-in-use", "UNSEEN_DOMAINS"],
    ["protected", PROTECTED, "certificate-protected", "security"],
  ])(
    "refuses one that is %s, unless forced",
    async (_, { chainId: id }, name, seen) => {
      const { call, live } = await start();
      for (const query of ["", "?dryRun=true", "?force=false"]) {
        const refused = await call("DELETE", `/certificates/${id}${query}`);
        expect(refused.status).toBe(409);
        expect(refused.body["type"]).toBe(URN + name);
        expect(refused.body["detail"]).toContain(seen);
      }
      expect(live.writes()).toHaveLength(0);
      const forced = await call("DELETE", `/certificates/${id}?force=true`);
      expect(forced.status).toBe(200);
      expect(live.writes()).toHaveLength(1);
    },
  );

  it("writes nothing on a dry run", async () => {
    const { call, live } = await start();
    const { status, body } = await call("DELETE", `${PATH}?dryRun=true`);
    expect(status).toBe(200);
    expect(body["outcome"]).toBe("wouldDelete");
    expect(live.writes()).toHaveLength(0);
  });

  it("lists the inventory with verdicts, reasons and counts", async () => {
    const { call } = await start();
    const { status, body } = await call("GET", "/certificates");
    expect(status).toBe(200);
    expect(body["counts"]).toEqual({
      listed: 5,
      shown: 5,
      delete: 1,
      keep: 4,
      expired: 3,
      valid: 2,
      expiring: 0,
    });
    const { body: filtered } = await call(
      "GET",
      "/certificates?verdict=delete&state=expired",
    );
    expect(filtered["certificates"]).toMatchObject([
      { chainId: EXPIRED.chainId, verdict: "delete", reasons: [] },
    ]);
  });

  it("shows what is about to expire in use, as WARN_DAYS says", async () => {
    const soon = certificate(7, 5);
    const later = certificate(8, 50);
    const account = {
      certificates: [soon, later, certificate(9, 5)],
      domains: [
        domain("a.example.com", soon.chainId),
        domain("b.example.com", later.certId),
      ],
    };
    const expiring = async (env: Readonly<Record<string, string>>) => {
      const world = await startWorld({ live: { account }, env });
      const { body } = await world.call("GET", "/certificates?state=expiring");
      const one = await world.call("GET", `/certificates/${soon.chainId}`);
      await world.close();
      expect(body["counts"]).toMatchObject({ valid: 3 });
      return [body["certificates"], one.body["expiring"]];
    };
    const [entry, other] = [soon, later].map(({ chainId: id }) => ({
      chainId: id,
      state: "valid",
      expiring: true,
    }));
    expect(await expiring({})).toMatchObject([[entry], true]);
    expect(await expiring({ WARN_DAYS: "60" })).toMatchObject([
      [entry, other],
      true,
    ]);
    expect(await expiring({ WARN_DAYS: "0" })).toEqual([[], false]);
  });

  it("pages the inventory by cursor", async () => {
    const { call } = await start();
    const seen: unknown[] = [];
    let cursor = "";
    for (let asked = 0; asked < 3; asked++) {
      const { body } = await call("GET", `/certificates?limit=2${cursor}`);
      const page = body["certificates"];
      const entries: readonly unknown[] = Array.isArray(page) ? page : [];
      seen.push(...entries);
      cursor = `&cursor=${String(body["next"])}`;
    }
    expect(cursor).toBe("&cursor=null");
    expect(new Set(seen.map((entry) => JSON.stringify(entry))).size).toBe(5);
  });

  it("explains one certificate with its evidence", async () => {
    const { call } = await start();
    const { status, body } = await call(
      "GET",
      `/certificates/${IN_USE.chainId}`,
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      verdict: "keep",
      reasons: ["not-expired", "in-use"],
      boundDomains: ["live.example.com"],
      ids: [IN_USE.chainId, IN_USE.chainIdVolc, IN_USE.certId],
    });
    expect(body["readAt"]).toHaveProperty("domains");
  });

  it("hides certificates of other projects", async () => {
    const { call, live } = await start({ env: { PROJECT_NAMES: '["other"]' } });
    expect((await call("DELETE", PATH)).status).toBe(404);
    expect((await call("GET", PATH)).status).toBe(404);
    expect((await call("GET", "/certificates")).body["counts"]).toMatchObject({
      listed: 0,
    });
    expect(live.writes()).toHaveLength(0);
  });
});

describe("what goes wrong on the way, over real sockets", () => {
  it("CommonErr inside HTTP 200 is a failure", async () => {
    const { call, live } = await start();
    live.fault({ kind: "CommonErr", action: "DeleteCert", times: 4 });
    const { status, body } = await call("DELETE", PATH);
    expect(status).toBe(502);
    expect(body["detail"]).toContain("A fresh list still has the certificate");
    expect(live.counts()["DeleteCert"]).toBe(4);
  });

  it("an answer that is lost after the deletion is alreadyGone", async () => {
    const { call, live } = await start();
    live.fault({ kind: "reset-after", action: "DeleteCert" });
    const { status, body } = await call("DELETE", PATH);
    expect(status).toBe(200);
    expect(body["outcome"]).toBe("alreadyGone");
    expect(live.account.certificates).toHaveLength(4);
  });

  it.each(["RequestForbidden", "ResourceNotFound"] as const)(
    "a certificate that goes away in between is a 404, also where the vendor says %s",
    async (missing) => {
      const { call, live } = await start({
        live: {
          onCall: (action) => {
            if (action === "DeleteCert") live.account.certificates.splice(0, 1);
          },
        },
      });
      live.switches.missing = missing;
      expect((await call("DELETE", PATH)).status).toBe(404);
      expect(live.writes()).toHaveLength(1);
    },
  );

  it("listings that get no answer for a moment are read again", async () => {
    const { call, live } = await start();
    live.fault({ kind: "http-500", action: "ListDomainDetail", times: 4 });
    const { status, body } = await call("DELETE", PATH);
    expect([status, body["outcome"]]).toEqual([200, "deleted"]);
  });

  it("a body is refused before anything is asked: it may be meant for a dry run", async () => {
    const { call, live } = await start();
    const { status, body } = await call("DELETE", PATH, {
      body: JSON.stringify({ dryRun: true }),
      headers: { "content-type": "application/json" },
    });
    expect(status).toBe(400);
    expect(body["type"]).toBe(`${URN}invalid-request`);
    expect(body["detail"]).toContain("?dryRun=true");
    expect(live.writes()).toHaveLength(0);
  });

  it("listings that fail leave everything in place", async () => {
    // Too little time to read again.
    const { call, live } = await start({ timeoutMs: 12_000 });
    live.fault({ kind: "http-500", action: "ListDomainDetail", times: 4 });
    const { status, body } = await call("DELETE", PATH);
    expect(status).toBe(502);
    expect(body["detail"]).toContain("Nothing was deleted");
    expect(live.writes()).toHaveLength(0);
  });

  it("a vendor clock that is off is no evidence", async () => {
    const { call, live } = await start();
    live.fault({ kind: "date-skew", seconds: 400, action: "ListCertV2" });
    const { status, body } = await call("DELETE", PATH);
    expect(status).toBe(502);
    expect(body["detail"]).toContain("clock");
    expect(live.writes()).toHaveLength(0);
  });

  it.each([
    // Of 12 s, 2 are kept for the answer and 5 for the list that settles a doubt.
    ["DeleteCert", 12_000, "A DeleteCert had been sent"],
    ["ListCertV2", 4_000, "Nothing was deleted"],
  ])(
    "the deadline in %s is a 504 that tells whether a DeleteCert was sent",
    async (action, timeoutMs, seen) => {
      const { call, live } = await start({ timeoutMs });
      live.fault({ kind: "hang", action, times: 99 });
      const { status, body } = await call("DELETE", PATH);
      expect([status, body["type"]]).toEqual([504, `${URN}vendor-timeout`]);
      expect(body["detail"]).toContain(seen);
    },
  );

  it("a rotated key is read once more and the request succeeds", async () => {
    const { call, live, secrets } = await start();
    expect((await call("GET", PATH)).status).toBe(200);
    const rotated = { ...KEY, secretAccessKey: "ROTATED-SECRET-VALID-NOWHERE" };
    secrets.putSecretValue(SECRET_ID, JSON.stringify(rotated));
    live.setCredentials([rotated]);
    expect((await call("DELETE", PATH)).status).toBe(200);
  });

  it.each([
    ["no JSON", "AKLT-not-json", "is not valid JSON"],
    ["incomplete", '{"accessKeyId":"AKLT1"}', "secretAccessKey"],
  ])(
    "a secret that is %s is misconfigured, by name",
    async (_, secret, seen) => {
      const { call, live } = await start({ secret });
      const { status, body } = await call("GET", "/certificates");
      expect(status).toBe(500);
      expect(body["type"]).toBe(`${URN}misconfigured`);
      expect(body["detail"]).toContain("VOLCENGINE_SECRET_ID");
      expect(body["detail"]).toContain(seen);
      expect(JSON.stringify(body)).not.toContain("AKLT");
      expect(live.counts()["ListCertV2"] ?? 0).toBe(0);
    },
  );

  it("a missing secret is misconfigured", async () => {
    const { call } = await start({ env: { VOLCENGINE_SECRET_ID: "nowhere" } });
    const { status, body } = await call("DELETE", PATH);
    expect(status).toBe(500);
    expect(body["detail"]).toContain("ResourceNotFoundException");
  });

  it("bad settings are named all at once", async () => {
    const { call, live } = await start({
      env: { GRACE_DAYS: "soon", MAX_DELETIONS: "0", UNSEEN_DOMAINS: "" },
    });
    const { status, body } = await call("DELETE", PATH);
    expect(status).toBe(500);
    for (const name of ["GRACE_DAYS", "MAX_DELETIONS", "UNSEEN_DOMAINS"]) {
      expect(body["detail"]).toContain(name);
    }
    expect(live.writes()).toHaveLength(0);
  });
});
