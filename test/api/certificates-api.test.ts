/** Each route over real sockets: signatures, the secret store and the gateway. What they answer is told by test/unit/handler.test.ts. */
import { afterEach, expect, it } from "vitest";
import {
  certificate,
  domain,
  KEY,
  SECRET_ID,
  startWorld,
  type World,
} from "../world/deployment.ts";

const EXPIRED = certificate(1, -30);
const IN_USE = certificate(3, 60, { domains: ["live.example.com"] });
const ACCOUNT = {
  certificates: [EXPIRED, certificate(2, 60), IN_USE],
  domains: [
    domain("live.example.com", IN_USE.chainId),
    domain("unbound.example.com"),
  ],
};
const PATH = `/certificates/${EXPIRED.chainId}`;

let world: World;
afterEach(() => world.close());

async function start(env: Readonly<Record<string, string>> = {}) {
  world = await startWorld({ env, live: { account: ACCOUNT } });
  return world;
}

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
  expect(live.account.certificates).toHaveLength(2);
  expect(log.map((line) => line["event"])).toEqual([
    "delete-attempt",
    "delete-outcome",
    "request",
  ]);
  expect(log[0]).toMatchObject({
    chainId: EXPIRED.chainId,
    force: false,
    apiRequestId: answer.headers.get("x-request-id"),
    caller: expect.stringMatching(/^arn:/) as string,
  });
  expect((await call("DELETE", PATH)).status).toBe(404);
  expect(live.writes()).toHaveLength(1);
});

it("refuses one that is in use, unless forced", async () => {
  const { call, live } = await start();
  const path = `/certificates/${IN_USE.chainId}`;
  for (const query of ["", "?dryRun=true", "?force=false"]) {
    const refused = await call("DELETE", path + query);
    expect(refused.status).toBe(409);
    expect(refused.body["type"]).toMatch(/:certificate-in-use$/);
    expect(refused.body["detail"]).toContain("live.example.com");
  }
  expect(live.writes()).toHaveLength(0);
  expect((await call("DELETE", `${path}?force=true`)).status).toBe(200);
  expect(live.writes()).toHaveLength(1);
});

it("refuses a body, which may be meant for a dry run, before anything is asked", async () => {
  const { call, live } = await start();
  const { status } = await call("DELETE", PATH, { body: "{}" });
  expect(status).toBe(400);
  expect(live.log).toHaveLength(0);
});

it("lists the inventory page by page, and explains one certificate with its evidence", async () => {
  const { call } = await start();
  const { body } = await call("GET", "/certificates?limit=2");
  expect(body["counts"]).toMatchObject({ listed: 3, shown: 2, delete: 1 });
  expect(body["certificates"]).toMatchObject([
    { chainId: EXPIRED.chainId, verdict: "delete", reasons: [] },
    {},
  ]);
  const next = `/certificates?limit=2&cursor=${String(body["next"])}`;
  const rest = (await call("GET", next)).body["certificates"];
  expect(rest).toMatchObject([{ state: "valid" }]);
  const one = await call("GET", `/certificates/${IN_USE.chainId}`);
  expect(one.body).toMatchObject({
    verdict: "keep",
    reasons: ["not-expired", "in-use"],
    boundDomains: ["live.example.com"],
    ids: [IN_USE.chainId, IN_USE.chainIdVolc, IN_USE.certId],
    readAt: { domains: expect.any(String) as string },
  });
});

it("goes on with a key that was rotated between two requests", async () => {
  const { call, live, secrets } = await start();
  expect((await call("GET", PATH)).status).toBe(200);
  const rotated = { ...KEY, secretAccessKey: "ROTATED-SECRET-VALID-NOWHERE" };
  secrets.putSecretValue(SECRET_ID, JSON.stringify(rotated));
  live.setCredentials([rotated]);
  expect((await call("DELETE", PATH)).status).toBe(200);
});

it("calls a secret that is none by the variable that names it, and shows nothing of it", async () => {
  const { call, live, secrets } = await start();
  secrets.putSecretValue(SECRET_ID, "AKLT-not-json");
  const { status, body } = await call("GET", "/certificates");
  expect([status, body["title"]]).toEqual([
    500,
    "This deployment is misconfigured",
  ]);
  expect(body["detail"]).toMatch(/VOLCENGINE_SECRET_ID.*is not valid JSON/);
  expect(JSON.stringify(body)).not.toContain("AKLT");
  expect(live.log).toHaveLength(0);
});
