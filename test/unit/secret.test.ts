import { inspect } from "node:util";
import type { GetSecretValueCommandOutput } from "@aws-sdk/client-secrets-manager";
import { describe, expect, it } from "vitest";
import {
  createSecretSource,
  SecretUnusable,
} from "../../functions/host/secret.ts";
import { VirtualClock } from "../world/clock.ts";

const MINUTE = 60_000;
const CANARY = "CANARY0123456789";

type Content = Pick<GetSecretValueCommandOutput, "SecretString" | "VersionId">;

function holding(fields: unknown, version = "v1"): Content {
  return { SecretString: JSON.stringify(fields), VersionId: version };
}

function keyOf(version: string): Content {
  return holding(
    { accessKeyId: `AK-${version}`, secretAccessKey: CANARY },
    version,
  );
}

/** A source over a store that gives what `world.content` is, slowly, or fails with it. */
function source(content: Content | Error = keyOf("v1")) {
  const clock = new VirtualClock();
  const world = { content, reads: 0, asked: new Set<unknown>() };
  const store = {
    async send({
      input,
    }: {
      readonly input: { SecretId: string | undefined };
    }) {
      world.reads += 1;
      world.asked.add(input.SecretId);
      const given = world.content;
      await clock.sleep(10);
      if (given instanceof Error) throw given;
      return { $metadata: {}, ...given };
    },
  };
  const secret = createSecretSource(store, "live/key", clock);
  return {
    clock,
    world,
    current: () => clock.run(secret.current()),
    refreshed: (rejected: string) => clock.run(secret.refreshed(rejected)),
    secret,
  };
}

describe("the secret", () => {
  it("is read when first asked, not before", async () => {
    const { world, current } = source();
    expect(world.reads).toBe(0);
    expect(await current()).toEqual({
      accessKeyId: "AK-v1",
      secretAccessKey: CANARY,
      version: "v1",
    });
    expect(world).toMatchObject({ reads: 1, asked: new Set(["live/key"]) });
  });

  it("may hold a session token, and anything else besides", async () => {
    const { current } = source(
      holding({
        accessKeyId: "a",
        secretAccessKey: "s",
        sessionToken: "t",
        note: 5,
      }),
    );
    expect(await current()).toEqual({
      accessKeyId: "a",
      secretAccessKey: "s",
      sessionToken: "t",
      version: "v1",
    });
  });

  it("is read once for all who ask at the same time", async () => {
    const { clock, world, secret } = source();
    const keys = await clock.run(
      Promise.all([secret.current(), secret.current(), secret.refreshed("v0")]),
    );
    expect(new Set(keys)).toHaveLength(1);
    expect(world.reads).toBe(1);
  });

  it("is kept for five minutes from its reading", async () => {
    const { clock, world, current } = source();
    await current();
    world.content = keyOf("v2");
    clock.jump(5 * MINUTE - 1);
    expect(await current()).toMatchObject({ version: "v1" });
    clock.jump(1);
    expect(await current()).toMatchObject({ version: "v2" });
    expect(world.reads).toBe(2);
  });

  it("that could not be read is asked for again by the next caller", async () => {
    const { world, current } = source(new Error("down"));
    await expect(current()).rejects.toThrow(SecretUnusable);
    world.content = keyOf("v1");
    expect(await current()).toMatchObject({ version: "v1" });
  });
});

describe("a refresh that fails", () => {
  it.each<[string, Content | Error]>([
    ["the store being down", new Error("down")],
    ["what it holds being no key any more", holding({})],
  ])(
    "for %s keeps the key in use for an hour at most",
    async (_what, content) => {
      const { clock, world, current } = source();
      await current();
      const readAt = clock.monotonic();
      world.content = content;
      clock.jump(5 * MINUTE);
      expect(await current()).toMatchObject({ version: "v1" });
      clock.jump(readAt + 60 * MINUTE - 10 - clock.monotonic());
      expect(await current()).toMatchObject({ version: "v1" });
      clock.jump(MINUTE);
      await expect(current()).rejects.toThrow(SecretUnusable);
    },
  );

  it("leaves the store alone for half a minute", async () => {
    const { clock, world, current } = source();
    await current();
    world.content = new Error("down");
    clock.jump(5 * MINUTE);
    await current();
    clock.jump(29_000);
    await current();
    expect(world.reads).toBe(2);
    clock.jump(1000);
    await current();
    expect(world.reads).toBe(3);
  });

  it("is over with the next reading that succeeds", async () => {
    const { clock, world, current } = source();
    await current();
    world.content = new Error("down");
    clock.jump(50 * MINUTE);
    await current();
    world.content = keyOf("v2");
    clock.jump(MINUTE);
    await current();
    world.content = new Error("down again");
    clock.jump(50 * MINUTE);
    expect(await current()).toMatchObject({ version: "v2" });
  });
});

describe("after a rejection", () => {
  it("the secret is read again, whatever its age", async () => {
    const { world, current, refreshed } = source();
    await current();
    world.content = keyOf("v2");
    expect(await refreshed("v1")).toMatchObject({ version: "v2" });
    expect(await current()).toMatchObject({ version: "v2" });
    expect(world.reads).toBe(2);
  });

  it("several at once lead to one reading", async () => {
    const { clock, world, current, secret } = source();
    await current();
    world.content = keyOf("v2");
    const keys = await clock.run(
      Promise.all(Array.from({ length: 8 }, () => secret.refreshed("v1"))),
    );
    expect(keys.map(({ version }) => version)).toEqual(Array(8).fill("v2"));
    expect(world.reads).toBe(2);
  });

  it("one that comes late finds the newer key and reads nothing", async () => {
    const { world, current, refreshed } = source();
    await current();
    world.content = keyOf("v2");
    await refreshed("v1");
    await refreshed("v1");
    expect(world.reads).toBe(2);
  });

  it("without a newer version the same comes back", async () => {
    const { world, current, refreshed } = source();
    await current();
    expect(await refreshed("v1")).toMatchObject({ version: "v1" });
    world.content = new Error("down");
    expect(await refreshed("v1")).toMatchObject({ version: "v1" });
  });
});

/** All that a log could show of an error. */
function everything(error: unknown): string {
  return [
    inspect(error, { depth: 20, showHidden: true, getters: true }),
    String(error),
    error instanceof Error ? (error.stack ?? "") : "",
    JSON.stringify(error),
  ].join("\n");
}

describe("a secret that is none", () => {
  const good = { accessKeyId: CANARY, secretAccessKey: CANARY };

  it.each<[string, Content | Error, RegExp]>([
    ["binary", { VersionId: "v1" }, /holds no text/],
    [
      "without a version",
      { SecretString: JSON.stringify(good) },
      /came without a version/,
    ],
    ["empty", { SecretString: "", VersionId: "v1" }, /is not valid JSON;/],
    [
      "the bare key",
      { SecretString: CANARY, VersionId: "v1" },
      /is not valid JSON;/,
    ],
    [
      "JSON that ends early",
      { SecretString: `{"accessKeyId":"${CANARY}"`, VersionId: "v1" },
      /is not valid JSON;/,
    ],
    ["a JSON text", holding(CANARY), /is not a JSON object/],
    ["a list", holding([CANARY, CANARY]), /is not a JSON object/],
    ["null", holding(null), /is not a JSON object/],
    [
      "without accessKeyId",
      holding({ secretAccessKey: CANARY }),
      /lacks the field accessKeyId/,
    ],
    [
      "without secretAccessKey",
      holding({ accessKeyId: CANARY }),
      /lacks the field secretAccessKey/,
    ],
    [
      "of other spelling",
      holding({ AccessKeyId: CANARY, SecretAccessKey: CANARY }),
      /lacks the field accessKeyId/,
    ],
    [
      "with an empty field",
      holding({ ...good, secretAccessKey: "" }),
      /secretAccessKey that is empty or not text/,
    ],
    [
      "with a number",
      holding({ ...good, accessKeyId: 5 }),
      /accessKeyId that is empty or not text/,
    ],
    [
      "with null",
      holding({ ...good, accessKeyId: null }),
      /accessKeyId that is empty or not text/,
    ],
    [
      "with null for a token",
      holding({ ...good, sessionToken: null }),
      /sessionToken that is empty or not text/,
    ],
    [
      "with an empty token",
      holding({ ...good, sessionToken: "" }),
      /sessionToken that is empty or not text/,
    ],
    [
      "with a line break",
      holding({ ...good, secretAccessKey: `${CANARY}\n` }),
      /secretAccessKey with white space/,
    ],
    [
      "with a space",
      holding({ ...good, accessKeyId: ` ${CANARY}` }),
      /accessKeyId with white space/,
    ],
    [
      "with a header in it",
      holding({ ...good, sessionToken: `${CANARY}\r\nx: y` }),
      /sessionToken with white space/,
    ],
    [
      "beyond ASCII",
      holding({ ...good, secretAccessKey: `${CANARY}é` }),
      /secretAccessKey with white space or other/,
    ],
    [
      "not there",
      Object.assign(new Error("m"), { name: "ResourceNotFoundException" }),
      /could not be read from Secrets Manager \(ResourceNotFoundException\)/,
    ],
    [
      "in an answer that the client cannot parse",
      new SyntaxError(`Unexpected token 'C', "${CANARY}" is not valid JSON`),
      /could not be read from Secrets Manager/,
    ],
  ])(
    "being %s names the variable and what is wrong, never a value",
    async (_what, content, says) => {
      const error: unknown = await source(content)
        .current()
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SecretUnusable);
      expect(error).toHaveProperty("name", "SecretUnusable");
      expect(String(error)).toMatch(says);
      expect(String(error)).toContain(
        "The secret that VOLCENGINE_SECRET_ID names ",
      );
      // Somebody may have put a key where its name belongs.
      expect(everything(error)).not.toContain("live/key");
      expect(everything(error)).not.toContain(CANARY);
    },
  );

  it("that the stack made and nobody has filled is called that", async () => {
    const error: unknown = await source(
      holding({
        accessKeyId: "replace-this-placeholder",
        secretAccessKey: CANARY,
      }),
    )
      .current()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: "not-set-up", outcome: "not done" });
    expect(String(error)).toMatch(
      /The secret that VOLCENGINE_SECRET_ID names still holds the placeholder/,
    );
    expect(everything(error)).not.toContain(CANARY);
  });
});
