/** AWS's own clients read the secret from our Secrets Manager emulator as our code does, through a whole rotation. */
import * as secretsManager from "@aws-sdk/client-secrets-manager";
import {
  GetSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerServiceException,
} from "@aws-sdk/client-secrets-manager";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../functions/host/clock.ts";
import {
  createSecretSource,
  SecretUnusable,
} from "../../functions/host/secret.ts";
import type { AccessKeySource } from "../../functions/volcengine/live-api.ts";
import {
  startSecretsManagerEmulator,
  type SecretsManagerEmulator,
} from "../../infra/local/secrets-manager-emulator.ts";
import npmPackage from "../../package.json" with { type: "json" };
import { toolPath, versionOf } from "./tools.ts";
import { awsEnvironment } from "../world/deployment.ts";
import { party } from "./party.ts";

const NAME = "volc/live-keys";
const NOBODY = "0".repeat(36);

function key(generation: string): string {
  return JSON.stringify({
    accessKeyId: `AKLT${generation}`,
    secretAccessKey: `EXAMPLE-${generation}`,
  });
}
const FIRST = key("FIRST");
const SECOND = key("SECOND");
const THIRD = key("THIRD");

interface Input {
  readonly SecretId: string;
  readonly VersionId?: string | undefined;
  readonly VersionStage?: string;
}

type Answer = Readonly<Record<string, unknown>>;

/** What "GetSecretValue" of the API reference and "Secret versions" of the user guide say. */
type Expected = Answer;

interface Situation {
  readonly name: string;
  /** Brings the emulator into the situation; gives what to ask then, first of all for the secret by its name. */
  readonly prepare: (
    emulator: SecretsManagerEmulator,
  ) => readonly (readonly [Input, Expected])[];
}

function found(
  versionId: string | undefined,
  value: string,
  ...stages: string[]
): Expected {
  return { versionId, text: value, stages };
}

/** @param modelled whether the clients have a class of their own for it */
function refused(code: string, status = 400, modelled = true): Expected {
  return { code, status, modelled };
}

const NOT_FOUND = refused("ResourceNotFoundException");
const BY_NAME: Input = { SecretId: NAME };
const CURRENT: Input = { SecretId: NAME, VersionStage: "AWSCURRENT" };
const PENDING: Input = { SecretId: NAME, VersionStage: "AWSPENDING" };
const PREVIOUS: Input = { SecretId: NAME, VersionStage: "AWSPREVIOUS" };
const byId = (VersionId: string | undefined, VersionStage?: string): Input => ({
  SecretId: NAME,
  VersionId,
  ...(VersionStage !== undefined && { VersionStage }),
});

const SITUATIONS: readonly Situation[] = [
  {
    name: "a new secret",
    prepare(emulator) {
      const first = emulator.versionId(NAME);
      const arn = emulator.arn(NAME);
      const here = {
        ...found(first, FIRST, "AWSCURRENT"),
        arn,
        name: NAME,
        binary: null,
        createdMs: expect.closeTo(Date.now(), -6) as unknown,
      };
      return [
        [BY_NAME, here],
        [{ SecretId: arn }, here],
        [{ SecretId: arn.slice(0, -7) }, here],
        [CURRENT, here],
        [byId(first), here],
        [byId(first, "AWSCURRENT"), here],
        [PREVIOUS, NOT_FOUND],
        [PENDING, NOT_FOUND],
        [byId(NOBODY), NOT_FOUND],
        [byId(first, "AWSPREVIOUS"), refused("InvalidRequestException")],
        [{ SecretId: "volc" }, NOT_FOUND],
        [{ SecretId: `${NAME}-2` }, NOT_FOUND],
        [{ SecretId: `${arn}0` }, NOT_FOUND],
        [{ SecretId: arn.replace("us-east-1", "eu-central-1") }, NOT_FOUND],
      ];
    },
  },
  {
    name: "a second value (PutSecretValue)",
    prepare(emulator) {
      const first = emulator.versionId(NAME);
      const second = emulator.putSecretValue(NAME, SECOND);
      return [
        [BY_NAME, found(second, SECOND, "AWSCURRENT")],
        [CURRENT, found(second, SECOND, "AWSCURRENT")],
        [PREVIOUS, found(first, FIRST, "AWSPREVIOUS")],
        [byId(first), found(first, FIRST, "AWSPREVIOUS")],
        [byId(second), found(second, SECOND, "AWSCURRENT")],
        [byId(first, "AWSCURRENT"), refused("InvalidRequestException")],
      ];
    },
  },
  {
    name: "a rotation that has not ended",
    prepare(emulator) {
      const first = emulator.versionId(NAME);
      const second = emulator.putSecretValue(NAME, SECOND, "AWSPENDING");
      return [
        [BY_NAME, found(first, FIRST, "AWSCURRENT")],
        [PENDING, found(second, SECOND, "AWSPENDING")],
        [byId(second), found(second, SECOND, "AWSPENDING")],
        [byId(second, "AWSCURRENT"), refused("InvalidRequestException")],
        [PREVIOUS, NOT_FOUND],
      ];
    },
  },
  {
    name: "two rotations that have ended",
    prepare(emulator) {
      const first = emulator.versionId(NAME);
      const second = emulator.putSecretValue(NAME, SECOND, "AWSPENDING");
      emulator.rotate(NAME);
      const third = emulator.putSecretValue(NAME, THIRD, "AWSPENDING");
      emulator.rotate(NAME);
      return [
        [BY_NAME, found(third, THIRD, "AWSCURRENT")],
        [PREVIOUS, found(second, SECOND, "AWSPREVIOUS")],
        [PENDING, NOT_FOUND],
        // Deprecated, since no label is on it, but not yet gone.
        [byId(first), found(first, FIRST)],
        [{ SecretId: emulator.arn(NAME) }, found(third, THIRD, "AWSCURRENT")],
      ];
    },
  },
  {
    name: "a secret without a current version",
    prepare(emulator) {
      const first = emulator.versionId(NAME);
      emulator.dropCurrent(NAME);
      return [
        [BY_NAME, NOT_FOUND],
        [CURRENT, NOT_FOUND],
        [byId(first), found(first, FIRST)],
      ];
    },
  },
  {
    name: "a binary secret",
    prepare(emulator) {
      emulator.faults.binary = true;
      const versionId = emulator.versionId(NAME);
      const binary = Buffer.from(FIRST).toString("base64");
      return [[BY_NAME, { versionId, text: null, binary }]];
    },
  },
  {
    name: "a secret of 64 KB in many scripts",
    prepare(emulator) {
      const long = JSON.stringify({
        accessKeyId: "AKLTLONG",
        secretAccessKey: "EXAMPLE",
        remark: 'é世🔑"\\\u0000\u2028'.repeat(2900),
      });
      const versionId = emulator.putSecretValue(NAME, long);
      return [[BY_NAME, found(versionId, long, "AWSCURRENT")]];
    },
  },
  {
    name: "a service that is down",
    prepare({ faults }) {
      faults.down = true;
      return [[BY_NAME, refused("InternalServiceError", 500)]];
    },
  },
  {
    name: "a service that throttles",
    prepare({ faults }) {
      faults.throttle = true;
      return [[BY_NAME, refused("ThrottlingException", 400, false)]];
    },
  },
];

async function start(): Promise<SecretsManagerEmulator> {
  const emulator = await startSecretsManagerEmulator({
    secrets: { [NAME]: FIRST, other: "elsewhere" },
  });
  onTestFinished(() => emulator.close());
  awsEnvironment(emulator.url);
  return emulator;
}

function connect(attempts = 1): SecretsManagerClient {
  const client = new SecretsManagerClient({ maxAttempts: attempts });
  onTestFinished(() => {
    client.destroy();
  });
  return client;
}

/** Answers in the form that secret_reader.py gives. */
function askJavaScript(
  inputs: readonly Input[],
  attempts = 1,
): Promise<Answer[]> {
  const client = connect(attempts);
  return Promise.all(
    inputs.map(async (input) => {
      try {
        const got = await client.send(new GetSecretValueCommand(input));
        return {
          arn: got.ARN,
          name: got.Name,
          versionId: got.VersionId,
          stages: got.VersionStages,
          createdMs: got.CreatedDate?.getTime(),
          text: got.SecretString ?? null,
          binary:
            got.SecretBinary === undefined
              ? null
              : Buffer.from(got.SecretBinary).toString("base64"),
        };
      } catch (error) {
        if (!(error instanceof SecretsManagerServiceException)) throw error;
        return {
          code: error.name,
          message: error.message,
          status: error.$metadata.httpStatusCode,
          modelled: Object.hasOwn(secretsManager, error.name),
        };
      }
    }),
  );
}

async function askBotocore(
  inputs: readonly Input[],
  attempts = 1,
): Promise<unknown> {
  const child = spawn(
    toolPath("python"),
    [join(import.meta.dirname, "secret_reader.py")],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  child.stdin.end(JSON.stringify({ attempts, inputs }));
  return JSON.parse(await text(child.stdout));
}

/** Our own reading, in the part of such an answer that it has. */
async function readOurs(source: AccessKeySource): Promise<Answer> {
  try {
    const { version, accessKeyId } = await source.current();
    return { versionId: version, accessKeyId };
  } catch (error) {
    if (!(error instanceof SecretUnusable)) throw error;
    return { unusable: error.message };
  }
}

/** What our code makes of what a client was answered. */
function oursOf(answer: Answer | undefined): Answer {
  const { code, versionId, text: secret } = answer ?? {};
  if (typeof code === "string") {
    return { unusable: expect.stringContaining(`(${code})`) as unknown };
  }
  if (typeof secret !== "string") {
    return { unusable: expect.stringContaining("holds no text") as unknown };
  }
  const { accessKeyId }: { accessKeyId?: unknown } = { ...parsed(secret) };
  return { versionId, accessKeyId };
}

function parsed(json: string): object {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null) {
    throw new Error("The secret is no object.");
  }
  return value;
}

const ourSource = () => createSecretSource(connect(), NAME, systemClock);

/** One situation after the other, each in an emulator of its own. */
function walk(
  check: (
    inputs: readonly Input[],
    expected: readonly Expected[],
  ) => Promise<void>,
): void {
  for (const { name, prepare } of SITUATIONS) {
    it(name, async ({ task }) => {
      const questions = prepare(await start());
      task.meta.cases = questions.length;
      await check(
        questions.map(([input]) => input),
        questions.map(([, expected]) => expected),
      );
    });
  }
}

/** Both kinds of failure are worth a second attempt. */
async function countRetries(
  ask: (inputs: readonly Input[], attempts: number) => Promise<unknown>,
): Promise<void> {
  const emulator = await start();
  emulator.faults.throttle = true;
  await ask([BY_NAME], 2);
  expect(emulator.calls).toBe(2);
  emulator.faults.throttle = false;
  emulator.faults.down = true;
  await ask([BY_NAME], 2);
  expect(emulator.calls).toBe(4);
  await ask([BY_NAME], 1);
  expect(emulator.calls).toBe(5);
}

const SDK = "@aws-sdk/client-secrets-manager";
party("AWS SDK for JavaScript", npmPackage.dependencies[SDK], [], () => {
  walk(async (inputs, expected) => {
    const answers = await askJavaScript(inputs);
    expect(answers).toMatchObject(expected);
    expect(await readOurs(ourSource())).toEqual(oursOf(answers[0]));
  });

  it("repeats what may pass", () => countRetries(askJavaScript));
});

party("botocore", versionOf("botocore"), ["python"], () => {
  walk(async (inputs, expected) => {
    const answers = await askBotocore(inputs);
    expect(answers).toMatchObject(expected);
    expect(answers).toEqual(await askJavaScript(inputs));
  });

  it("repeats what may pass", () => countRetries(askBotocore));

  it("agrees with our cached key before and after a rotation", async () => {
    const emulator = await start();
    const source = ourSource();
    const before = await source.current();
    expect(await askBotocore([BY_NAME])).toMatchObject([
      { versionId: before.version, text: FIRST },
    ]);
    emulator.putSecretValue(NAME, SECOND, "AWSPENDING");
    emulator.rotate(NAME);
    // As after a refusal of the old key by the vendor.
    const after = await source.refreshed(before.version);
    expect(after.version).not.toBe(before.version);
    expect(await askBotocore([BY_NAME, PREVIOUS])).toMatchObject([
      { versionId: after.version, text: SECOND },
      { versionId: before.version, text: FIRST },
    ]);
  });
});
