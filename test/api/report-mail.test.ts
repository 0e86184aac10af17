import { afterEach, describe, expect, it } from "vitest";
import type { LiveEmulatorOptions } from "../../infra/local/live-emulator/server.ts";
import {
  certificate,
  domain,
  startWorld,
  type World,
} from "../world/deployment.ts";

/** The report of a sweep, by the real SDK client, to an SNS that takes what SNS takes. */
let world: World;
afterEach(() => world.close());

async function start(
  account: NonNullable<LiveEmulatorOptions["account"]>,
): Promise<World> {
  world = await startWorld({ live: { account } });
  return world;
}

/** A world with one expired certificate, of this name. */
const startWith = (name: string): Promise<World> =>
  start({
    certificates: [certificate(1, -30, { name })],
    domains: [domain("unbound.example.com")],
  });

it.each([
  ["an emoji where a name is cut", `${"n".repeat(39)}😀`],
  ["half a character, as JSON can write it", "half \ud83d here"],
  ["the other half", "\ude00"],
  ["a character that no text may hold", "never \uffff \u{1fffe}"],
  ["a control character", "bell \u0007"],
])("a name with %s is no reason for a mail to be refused", async (_, name) => {
  const { sweep, log, mailbox } = await startWith(name);
  await sweep();
  expect(log.map(({ event }) => event)).not.toContain("report-not-sent");
  expect(mailbox.messages).toHaveLength(1);
  expect(mailbox.messages[0]?.message.isWellFormed()).toBe(true);
});

it("a mail names its stack and the vendor's product", async () => {
  const { sweep, mailbox } = await startWith("any");
  await sweep({}, { STACK_NAME: "Janitor-sports", PROVIDER: "byteplus" });
  expect(mailbox.messages[0]?.subject).toBe(
    "1 deleted [Janitor-sports, BytePlus MediaLive]",
  );
  expect(mailbox.messages[0]?.message).toMatch(
    /^Stack Janitor-sports: sweep of BytePlus MediaLive, /,
  );
});

describe("certificates that are about to expire in use", () => {
  const soon = certificate(1, 5, { name: "old" });
  const renewed = certificate(2, 80, {
    name: "new",
    domains: ["*.example.com"],
  });
  const account = {
    certificates: [soon, renewed],
    domains: [
      domain("live.example.com", soon.chainId),
      domain("live.example.net", soon.certId),
    ],
  };

  it("are counted, logged and mailed once a day, with their domains and renewals", async () => {
    const { sweep, log, mailbox } = await start(account);
    const report = await sweep();
    expect(report.counts).toMatchObject({ expiringInUse: 1, eligible: 0 });
    expect(log).toContainEqual(
      expect.objectContaining({
        event: "expiring-in-use",
        runId: "run-1",
        chainId: soon.chainId,
        daysLeft: 4,
        domains: [
          { domain: "live.example.com", renewedAs: "new" },
          { domain: "live.example.net" },
        ],
      }),
    );
    expect(log.at(-1)).toMatchObject({
      event: "sweep-summary",
      counts: { expiringInUse: 1 },
    });
    expect(log.at(-1)).not.toHaveProperty("expiring");
    const [mail] = mailbox.messages;
    expect(mail?.subject).toContain("1 expiring in use");
    expect(mail?.message).toContain(
      "renewed as new, but not bound to live.example.com",
    );
    expect(mail?.message).toContain("no renewal is listed");
  });

  it("are none with WARN_DAYS=0, and fewer days warn later", async () => {
    const { sweep, mailbox } = await start(account);
    const never = await sweep({}, { WARN_DAYS: "0" });
    expect(never.counts.expiringInUse).toBe(0);
    expect(mailbox.messages).toEqual([]);
    const later = await sweep({}, { WARN_DAYS: "4" });
    expect(later.counts.expiringInUse).toBe(0);
    const now = await sweep({}, { WARN_DAYS: "6" });
    expect(now.counts.expiringInUse).toBe(1);
  });
});

it("the notice of a deletion counts with the deployment's grace, not with that of the run", async () => {
  const ended = certificate(1, -10);
  const account = {
    certificates: [ended],
    domains: [domain("unbound.example.com")],
  };
  const { sweep, mailbox } = await start(account);
  await sweep({ graceDays: 30, report: true });
  const due = new Date(Date.parse(ended.notAfter) + 7 * 86_400_000);
  expect(mailbox.messages[0]?.message).toContain(
    `will be deleted from ${due.toISOString().slice(0, 10)} on, unless protected`,
  );
});

it("a report that was asked for comes although there is nothing to tell", async () => {
  const { sweep, mailbox } = await start({ certificates: [], domains: [] });
  await sweep();
  expect(mailbox.messages).toEqual([]);
  await sweep({ report: true });
  expect(mailbox.messages).toHaveLength(1);
});

it("a report that could not be sent is a line that an alarm can see", async () => {
  const { sweep, log } = await startWith("any");
  const gone = "arn:aws:sns:us-east-1:123456789012:gone";
  await sweep({}, { REPORT_TOPIC_ARN: gone });
  expect(log.at(-1)).toEqual({
    event: "report-not-sent",
    runId: "run-1",
    error: "NotFoundException",
  });
});
