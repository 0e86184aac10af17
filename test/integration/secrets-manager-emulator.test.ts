import {
  GetSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerServiceException,
  type GetSecretValueCommandInput,
  type GetSecretValueCommandOutput,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  startSecretsManagerEmulator,
  type SecretsManagerEmulator,
} from "../../infra/local/secrets-manager-emulator.ts";

let emulator: SecretsManagerEmulator;
let client: SecretsManagerClient;

function connect(maxAttempts: number): SecretsManagerClient {
  return new SecretsManagerClient({
    endpoint: emulator.url,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts,
  });
}

beforeEach(async () => {
  emulator = await startSecretsManagerEmulator({
    secrets: { "volc/keys": "first", other: "elsewhere" },
  });
  client = connect(1);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  client.destroy();
  await emulator.close();
});

function get(
  input: Partial<GetSecretValueCommandInput> = {},
): Promise<GetSecretValueCommandOutput> {
  return client.send(
    new GetSecretValueCommand({ SecretId: "volc/keys", ...input }),
  );
}

async function failure(
  input?: Partial<GetSecretValueCommandInput>,
): Promise<SecretsManagerServiceException> {
  const error: unknown = await get(input).catch((thrown: unknown) => thrown);
  if (!(error instanceof SecretsManagerServiceException))
    throw new Error("no failure of the service", { cause: error });
  return error;
}

describe("GetSecretValue", () => {
  it("gives the current version of a secret by name", async () => {
    const answer = await get();
    expect(answer).toMatchObject({
      ARN: emulator.arn("volc/keys"),
      Name: "volc/keys",
      VersionId: emulator.versionId("volc/keys"),
      VersionStages: ["AWSCURRENT"],
      SecretString: "first",
    });
    expect(answer.SecretBinary).toBeUndefined();
    const age = Date.now() - (answer.CreatedDate?.getTime() ?? 0);
    expect(Math.abs(age)).toBeLessThan(10_000);
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("takes the ARN, also without its random end", async () => {
    const arn = emulator.arn("other");
    expect(arn).toMatch(/:secret:other-[0-9a-f]{6}$/);
    expect((await get({ SecretId: arn })).SecretString).toBe("elsewhere");
    expect((await get({ SecretId: arn.slice(0, -7) })).SecretString).toBe(
      "elsewhere",
    );
  });

  it("knows nothing of a secret that is not there", async () => {
    expect(await failure({ SecretId: "volc" })).toMatchObject({
      name: "ResourceNotFoundException",
      message: "Secrets Manager can't find the specified secret.",
      $metadata: { httpStatusCode: 400 },
    });
  });

  it("is found by the SDK's own environment variable", async () => {
    vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", emulator.url);
    vi.stubEnv("AWS_REGION", "us-east-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
    const plain = new SecretsManagerClient();
    const answer = await plain.send(
      new GetSecretValueCommand({ SecretId: "other" }),
    );
    plain.destroy();
    expect(answer.SecretString).toBe("elsewhere");
  });
});

describe("versions", () => {
  it("moves the labels when a value is put", async () => {
    const first = emulator.versionId("volc/keys");
    const second = emulator.putSecretValue("volc/keys", "second");
    expect(second).not.toBe(first);
    expect(await get()).toMatchObject({
      SecretString: "second",
      VersionId: second,
    });
    expect(await get({ VersionStage: "AWSPREVIOUS" })).toMatchObject({
      SecretString: "first",
      VersionId: first,
    });
    expect((await get({ VersionId: first })).SecretString).toBe("first");
  });

  it("plays a rotation: pending is invisible until it becomes current", async () => {
    const pending = emulator.putSecretValue("volc/keys", "new", "AWSPENDING");
    expect((await get()).SecretString).toBe("first");
    expect(await get({ VersionStage: "AWSPENDING" })).toMatchObject({
      SecretString: "new",
      VersionStages: ["AWSPENDING"],
    });
    emulator.rotate("volc/keys");
    expect(await get()).toMatchObject({
      SecretString: "new",
      VersionId: pending,
      VersionStages: ["AWSCURRENT"],
    });
    expect((await get({ VersionStage: "AWSPREVIOUS" })).SecretString).toBe(
      "first",
    );
    expect((await failure({ VersionStage: "AWSPENDING" })).name).toBe(
      "ResourceNotFoundException",
    );
    expect(() => {
      emulator.rotate("volc/keys");
    }).toThrow("no pending version");
  });

  it("says of a secret with nothing but a pending version what AWS says", async () => {
    emulator.putSecretValue("fresh", "text", "AWSPENDING");
    expect(await failure({ SecretId: "fresh" })).toMatchObject({
      name: "ResourceNotFoundException",
      message:
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    });
    emulator.dropCurrent("volc/keys");
    expect((await failure()).message).toContain("AWSCURRENT");
  });

  it("refuses a version that lacks the label asked for", async () => {
    const VersionId = emulator.versionId("volc/keys");
    expect(
      (await failure({ VersionId, VersionStage: "AWSPREVIOUS" })).name,
    ).toBe("InvalidRequestException");
    expect((await failure({ VersionId: "0".repeat(36) })).message).toContain(
      "VersionId",
    );
  });
});

describe("faults", () => {
  it("down is a 500, and ends when it is switched off", async () => {
    emulator.faults.down = true;
    expect(await failure()).toMatchObject({
      name: "InternalServiceError",
      $metadata: { httpStatusCode: 500 },
    });
    emulator.faults.down = false;
    expect((await get()).SecretString).toBe("first");
  });

  it("throttle is what the SDK takes for throttling", async () => {
    emulator.faults.throttle = true;
    expect(await failure()).toMatchObject({
      name: "ThrottlingException",
      $metadata: { httpStatusCode: 400 },
    });
  });

  it("counts every call, the SDK's own retries too", async () => {
    expect(emulator.calls).toBe(0);
    await get();
    await failure({ SecretId: "nowhere" });
    expect(emulator.calls).toBe(2);
    emulator.faults.throttle = true;
    const retrying = connect(2);
    await expect(
      retrying.send(new GetSecretValueCommand({ SecretId: "other" })),
    ).rejects.toThrow();
    retrying.destroy();
    expect(emulator.calls).toBe(4);
  });

  it("slow answers late", async () => {
    emulator.faults.slowMs = 150;
    const began = performance.now();
    await get();
    expect(performance.now() - began).toBeGreaterThanOrEqual(145);
  });

  it("binary comes without a string", async () => {
    emulator.faults.binary = true;
    const { SecretString, SecretBinary } = await get();
    expect(SecretString).toBeUndefined();
    expect(Buffer.from(SecretBinary ?? []).toString()).toBe("first");
  });

  it("closing ends a call that is still waiting", async () => {
    emulator.faults.slowMs = 60_000;
    const waiting = get().catch((error: unknown) => error);
    await vi.waitFor(() => {
      expect(emulator.calls).toBe(1);
    });
    await emulator.close();
    expect(await waiting).toBeInstanceOf(Error);
  });
});

describe("the protocol", () => {
  const post = (target: string, body: string): Promise<Response> =>
    fetch(emulator.url, {
      method: "POST",
      headers: { "x-amz-target": target },
      body,
    });

  it.each([
    ["secretsmanager.DeleteSecret", "{}", "UnknownOperationException"],
    ["secretsmanager.GetSecretValue", "{", "SerializationException"],
    ["secretsmanager.GetSecretValue", "{}", "ValidationException"],
    ["secretsmanager.GetSecretValue", "null", "ValidationException"],
    [
      "secretsmanager.GetSecretValue",
      '{"SecretId":1}',
      "SerializationException",
    ],
  ])("answers %s %s with %s", async (target, body, code) => {
    const answer = await post(target, body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("x-amzn-errortype")).toBe(code);
    expect(await answer.json()).toMatchObject({ __type: code });
  });
});
