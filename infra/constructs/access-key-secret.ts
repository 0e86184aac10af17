/** The secret with the vendor's access key: created with a placeholder, or the operator's own. */
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import type { StackConfiguration } from "../settings/config.ts";
import { KEPT, withLogicalId } from "./logical-id.ts";

export class AccessKeySecret extends Construct {
  readonly secretArn: string;
  readonly secretName: string;
  /** What a function needs to read it. */
  readonly readStatements: readonly PolicyStatement[];

  constructor(scope: Construct, id: string, { settings }: StackConfiguration) {
    super(scope, id);
    const { secretArn, secretName } =
      settings.secretArn === undefined
        ? this.#placeholder()
        : Secret.fromSecretCompleteArn(this, "Secret", settings.secretArn);
    this.secretArn = secretArn;
    this.secretName = secretName;
    this.readStatements = [
      new PolicyStatement({
        actions: ["secretsmanager:GetSecretValue"],
        resources: [secretArn],
      }),
      ...(settings.secretKeyArn === undefined
        ? []
        : [
            new PolicyStatement({
              actions: ["kms:Decrypt"],
              resources: [settings.secretKeyArn],
              conditions: {
                StringEquals: {
                  "kms:EncryptionContext:SecretARN": secretArn,
                },
              },
            }),
          ]),
    ];
  }

  /**
   * A generated value keeps every secret out of the template; the vendor refuses it until the operator puts the access
   * key in its place. Changing a property below would generate anew and destroy that key: never change one.
   */
  #placeholder(): Secret {
    const secret = new Secret(this, "Secret", {
      description:
        "Access key of Volcengine or BytePlus for live-cert-janitor: accessKeyId, secretAccessKey, perhaps sessionToken",
      generateSecretString: {
        secretStringTemplate: JSON.stringify({
          accessKeyId: "replace-this-placeholder",
        }),
        generateStringKey: "secretAccessKey",
      },
      removalPolicy: KEPT,
    });
    return withLogicalId(secret, "CredentialsSecret");
  }
}
