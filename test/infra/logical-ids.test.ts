import { describe, expect, it } from "vitest";
import {
  CONFIGURATIONS,
  synthesize,
  type Json,
  type Synthesized,
} from "./synthesize.ts";

/** What holds data, or an identity that somebody outside relies on. */
const STATEFUL = new Set([
  "AWS::ApiGatewayV2::Api",
  "AWS::KMS::Key",
  "AWS::Lambda::Function",
  "AWS::Logs::LogGroup",
  "AWS::SecretsManager::Secret",
  "AWS::SNS::Topic",
  "AWS::SQS::Queue",
]);

/** Properties whose change replaces the resource, by type, where we set any; the rest is updated in place. */
const REPLACING: Readonly<Record<string, readonly string[]>> = {
  "AWS::ApiGatewayV2::Api": ["ProtocolType"],
  "AWS::Lambda::Function": ["FunctionName", "PackageType"],
  "AWS::Logs::LogGroup": ["LogGroupName"],
  "AWS::SecretsManager::Secret": ["Name"],
  "AWS::SNS::Topic": ["TopicName", "FifoTopic"],
  "AWS::SQS::Queue": ["QueueName", "FifoQueue"],
  "AWS::KMS::Key": ["KeySpec", "KeyUsage", "MultiRegion"],
};

function stateful({ resources }: Synthesized): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    resources
      .filter(({ type }) => STATEFUL.has(type))
      .map(({ logicalId, type, properties }) => [
        logicalId,
        {
          type,
          ...Object.fromEntries(
            (REPLACING[type] ?? []).map((name) => [name, properties[name]]),
          ),
        },
      ]),
  );
}

describe("what holds data", () => {
  const before = synthesize(CONFIGURATIONS.default);

  it("has logical ids of its own", () => {
    expect(Object.keys(stateful(before)).sort()).toEqual([
      "ApiAccessLogs",
      "ApiFunction",
      "ApiLogs",
      "CredentialsSecret",
      "FailedSweeps",
      "HttpApi",
      "NotificationsKey",
      "NotificationsTopic",
      "ScheduleDeadLetters",
      "SweepFunction",
      "SweepLogs",
    ]);
  });

  // The identity settings, secretArn and secretKeyArn, replace the secret: that is what they are for.
  const { secretArn, secretKeyArn, ...others } =
    CONFIGURATIONS["everything on"];

  it.each([
    ["every other setting", { ...others, dryRun: false }],
    ["provider", { provider: "byteplus" }],
    ["volcengineRegion", { volcengineRegion: "cn-north-2" }],
    ["authorizer", { authorizer: others.authorizer }],
    ["schedule", { schedule: "rate(2 hours)" }],
  ])("outlives a change of %s", (_, settings) => {
    expect(stateful(synthesize(settings))).toEqual(stateful(before));
  });

  it("has one route for each key, whatever guards it: a second one would be refused", () => {
    const routes = ({ resources }: Synthesized) =>
      Object.fromEntries(
        resources
          .filter(({ type }) => type === "AWS::ApiGatewayV2::Route")
          .map(({ logicalId, properties }) => [
            String(properties["RouteKey"]),
            logicalId,
          ]),
      );
    const guarded = synthesize({ authorizer: others.authorizer });
    expect(routes(guarded)).toEqual(routes(before));
    expect(Object.keys(routes(before))).toHaveLength(6);
  });

  it("loses only the created secret to an imported one", () => {
    const { CredentialsSecret: created, ...rest } = stateful(before);
    expect(created).toBeDefined();
    expect(stateful(synthesize({ secretArn, secretKeyArn }))).toEqual(rest);
  });

  it("leaves the created secret's generated value alone", () => {
    const secret = (stack: Synthesized) =>
      stack.resources.find(({ logicalId }) => logicalId === "CredentialsSecret")
        ?.properties;
    expect(secret(synthesize(others))).toEqual(secret(before));
    // A change here would overwrite the operator's access key at the next deployment.
    expect(secret(before)?.["GenerateSecretString"]).toEqual({
      GenerateStringKey: "secretAccessKey",
      SecretStringTemplate: '{"accessKeyId":"replace-this-placeholder"}',
    });
  });

  it("is the same wherever the stack goes, but for the stack's own names", () => {
    expect(
      stateful(
        synthesize(CONFIGURATIONS.default, {
          account: "444455556666",
          region: "us-east-1",
        }),
      ),
    ).toEqual(stateful(before));
  });
});
