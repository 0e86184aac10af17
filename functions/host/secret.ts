/** The Volcengine access key, from one Secrets Manager secret. */
import {
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
} from "@aws-sdk/client-secrets-manager";
import type { AccessKeySource } from "../volcengine/live-api.ts";
import type { AccessKey } from "../volcengine/signer.ts";
import { isObject } from "../contract/parsers.ts";
import { VendorFailure } from "../janitor/failure.ts";
import type { Clock } from "../janitor/ports.ts";

const FRESH_MS = 5 * 60_000;
/** A refresh that fails keeps the cached key in use for this long after it was last read. */
const STALE_MS = 60 * 60_000;
/** After such a failure the store is left alone for a while. */
const RETRY_MS = 30_000;

/** What the stack puts into the secret that it makes (infra/constructs/access-key-secret.ts), until the operator puts a key there. */
const PLACEHOLDER = "replace-this-placeholder";

/**
 * How a message calls the secret. Its name is not repeated: a key put there by mistake would pass for a name.
 */
const THE_SECRET = "The secret that VOLCENGINE_SECRET_ID names";

/** The secret is missing, unreadable or malformed. The message names the variable and the field, never a value. */
export class SecretUnusable extends Error {
  override readonly name = "SecretUnusable";
}

function parse({
  SecretString: text,
  VersionId: version,
}: GetSecretValueCommandOutput): AccessKey {
  const unusable = (what: string): never => {
    // Without a cause: what JSON.parse says quotes the secret.
    throw new SecretUnusable(
      `${THE_SECRET} ${what}; it must be JSON like {"accessKeyId": "...", "secretAccessKey": "..."}.`,
    );
  };
  if (text === undefined) return unusable("holds no text");
  if (version === undefined) return unusable("came without a version");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unusable("is not valid JSON");
  }
  if (!isObject(value)) return unusable("is not a JSON object");
  const field = (name: string): string => {
    const content = value[name];
    if (content === undefined) return unusable(`lacks the field ${name}`);
    if (typeof content !== "string" || content === "")
      return unusable(`has a field ${name} that is empty or not text`);
    if (!/^[\x21-\x7e]+$/.test(content)) {
      return unusable(
        `has a field ${name} with white space or other characters that no key has`,
      );
    }
    return content;
  };
  const accessKeyId = field("accessKeyId");
  if (accessKeyId === PLACEHOLDER) {
    throw new VendorFailure(
      `${THE_SECRET} still holds the placeholder that the stack put there: put the vendor's access key in its place, as JSON like {"accessKeyId": "...", "secretAccessKey": "..."}.`,
      { kind: "not-set-up", outcome: "not done" },
    );
  }
  return {
    accessKeyId,
    secretAccessKey: field("secretAccessKey"),
    ...(value["sessionToken"] !== undefined && {
      sessionToken: field("sessionToken"),
    }),
    version,
  };
}

export interface SecretStore {
  send(command: GetSecretValueCommand): Promise<GetSecretValueCommandOutput>;
}

/**
 * The key of the secret, read when first asked: at most five minutes old, or an hour while the store fails. Callers that
 * ask at the same time share one call. Rejects with {@link SecretUnusable}, or with a {@link VendorFailure} where nobody
 * has put a key there yet.
 */
export function createSecretSource(
  store: SecretStore,
  secretId: string,
  clock: Pick<Clock, "now">,
): AccessKeySource {
  let cached: { key: AccessKey; readAt: number; tryFrom: number } | undefined;
  let reading: Promise<AccessKey> | undefined;

  const fetch = async (): Promise<AccessKey> => {
    let output: GetSecretValueCommandOutput;
    try {
      output = await store.send(
        new GetSecretValueCommand({ SecretId: secretId }),
      );
    } catch (cause) {
      // Without the cause: an answer that is no JSON is quoted in it.
      throw new SecretUnusable(
        `${THE_SECRET} could not be read from Secrets Manager (${cause instanceof Error ? cause.name : "unknown error"}); check that it exists and that this function may read it.`,
      );
    }
    return parse(output);
  };

  const read = (): Promise<AccessKey> => {
    reading ??= fetch()
      .then(
        (key) => {
          const now = clock.now();
          cached = { key, readAt: now, tryFrom: now + FRESH_MS };
          return key;
        },
        (error: unknown) => {
          const now = clock.now();
          if (cached === undefined || now - cached.readAt > STALE_MS)
            throw error;
          cached.tryFrom = now + RETRY_MS;
          return cached.key;
        },
      )
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };

  return {
    async current() {
      return cached !== undefined && clock.now() < cached.tryFrom
        ? cached.key
        : read();
    },
    async refreshed(rejected) {
      return cached !== undefined && cached.key.version !== rejected
        ? cached.key
        : read();
    },
  };
}
