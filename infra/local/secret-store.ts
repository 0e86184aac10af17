import { randomUUID } from "node:crypto";
import { ServiceError } from "./service-error.ts";

export type Stage = "AWSCURRENT" | "AWSPENDING" | "AWSPREVIOUS";

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly values: Map<
    string,
    { readonly value: string; readonly createdAt: number }
  >;
  /** Each staging label sits on one version at most. */
  readonly stages: Map<string, string>;
}

export interface FoundSecret {
  readonly ARN: string;
  readonly Name: string;
  readonly VersionId: string;
  readonly VersionStages: readonly string[];
  /** Seconds since 1970. */
  readonly CreatedDate: number;
  readonly value: string;
}

export interface SecretStore {
  /** The ARN of a secret, with the six random characters at the end. */
  arn(name: string): string;
  /** The version that carries a label, `AWSCURRENT` by default. */
  versionId(name: string, stage?: Stage): string | undefined;
  /**
   * Adds a version and gives back its id. As `AWSCURRENT`, the default, it takes that label from the version before,
   * which becomes `AWSPREVIOUS`; as `AWSPENDING` it waits for `rotate`. An unknown name makes a new secret.
   */
  putSecretValue(
    name: string,
    text: string,
    stage?: "AWSCURRENT" | "AWSPENDING",
  ): string;
  /** The last step of a rotation: the pending version becomes the current one. Throws where none is pending. */
  rotate(name: string): void;
  /** Takes the label `AWSCURRENT` away, so that at most a pending version is left to be found. */
  dropCurrent(name: string): void;
  /** Throws ServiceError with the service's code and words. */
  read(
    secretId: string,
    wanted: {
      readonly versionId: string | undefined;
      readonly stage: string | undefined;
    },
  ): FoundSecret;
}

const ARN_PREFIX = "arn:aws:secretsmanager:us-east-1:123456789012:secret:";

/**
 * Secrets with their versions and staging labels, in memory.
 * Follows "What's in a Secrets Manager secret?", "Secret versions", of the Secrets Manager user guide.
 */
export function createSecretStore(
  initial: Readonly<Record<string, string>>,
): SecretStore {
  const secrets = new Map<string, Secret>();

  /** By name, by ARN, or by ARN without its random end, which the service accepts too. */
  function find(secretId: string): Secret {
    for (const secret of secrets.values())
      if (
        secretId === secret.name ||
        secretId === secret.arn ||
        secretId === ARN_PREFIX + secret.name
      )
        return secret;
    throw new ServiceError(
      "ResourceNotFoundException",
      "Secrets Manager can't find the specified secret.",
    );
  }

  function makeCurrent(secret: Secret, versionId: string): void {
    const before = secret.stages.get("AWSCURRENT");
    if (before !== undefined) secret.stages.set("AWSPREVIOUS", before);
    secret.stages.set("AWSCURRENT", versionId);
  }

  const store: SecretStore = {
    arn: (name) => find(name).arn,
    versionId: (name, stage = "AWSCURRENT") => find(name).stages.get(stage),
    putSecretValue(name, text, stage = "AWSCURRENT") {
      const secret = secrets.get(name) ?? {
        name,
        arn: `${ARN_PREFIX}${name}-${randomUUID().slice(0, 6)}`,
        values: new Map(),
        stages: new Map(),
      };
      secrets.set(name, secret);
      const versionId = randomUUID();
      secret.values.set(versionId, {
        value: text,
        createdAt: Date.now() / 1000,
      });
      if (stage === "AWSCURRENT") makeCurrent(secret, versionId);
      else secret.stages.set(stage, versionId);
      return versionId;
    },
    rotate(name) {
      const secret = find(name);
      const pending = secret.stages.get("AWSPENDING");
      if (pending === undefined)
        throw new Error(`${name} has no pending version`);
      makeCurrent(secret, pending);
      secret.stages.delete("AWSPENDING");
    },
    dropCurrent(name) {
      find(name).stages.delete("AWSCURRENT");
    },
    read(secretId, { versionId, stage }) {
      const secret = find(secretId);
      const id = versionId ?? secret.stages.get(stage ?? "AWSCURRENT");
      const version = id === undefined ? undefined : secret.values.get(id);
      if (id === undefined || version === undefined)
        throw new ServiceError(
          "ResourceNotFoundException",
          versionId === undefined
            ? `Secrets Manager can't find the specified secret value for staging label: ${stage ?? "AWSCURRENT"}`
            : `Secrets Manager can't find the specified secret value for VersionId: ${versionId}`,
        );
      const labels = [...secret.stages]
        .filter(([, on]) => on === id)
        .map(([label]) => label);
      if (
        versionId !== undefined &&
        stage !== undefined &&
        !labels.includes(stage)
      )
        throw new ServiceError(
          "InvalidRequestException",
          "You provided a VersionStage that is not associated to the provided VersionId.",
        );
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: id,
        VersionStages: labels,
        CreatedDate: version.createdAt,
        value: version.value,
      };
    },
  };
  for (const [name, text] of Object.entries(initial))
    store.putSecretValue(name, text);
  return store;
}
