/** Every permission in the template, needed and no more: an emulator of AWS applies few of them. */
import { describe, expect, it } from "vitest";
import {
  CHINA,
  CONFIGURATIONS,
  EUROPE,
  isJson,
  list,
  ofType,
  propertiesOf,
  variant,
  VARIANT_NAMES,
  type Json,
  type Synthesized,
  type VariantName,
} from "./synthesize.ts";

/** A statement for each of its actions, as a line. */
function lines(statement: Json): readonly string[] {
  const { Effect, Action, Resource, Principal, Condition, Sid, ...others } =
    statement;
  // NotAction, NotResource and NotPrincipal would permit what no list here has.
  expect([Sid, others]).toEqual([Sid, {}]);
  const to = [Principal, Condition]
    .filter((part) => part !== undefined)
    .map((part) => ` ${JSON.stringify(part)}`)
    .join("");
  const resources =
    Resource === undefined ? ["itself"] : list({ Resource }, "Resource");
  return list({ Action }, "Action").flatMap((action) =>
    resources.map(
      (target) => `${String(Effect)} ${String(action)} ${String(target)}${to}`,
    ),
  );
}

/** All that a template permits and denies, wherever it hangs, by the resource that says so. */
function granted({ resources }: Synthesized): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  const walk = (id: string, value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(id, item);
    } else if (isJson(value)) {
      if ("Effect" in value) (found[id] ??= []).push(...lines(value));
      else for (const inner of Object.values(value)) walk(id, inner);
    }
  };
  for (const { id, properties } of resources) walk(id, properties);
  for (const one of Object.values(found)) one.sort();
  return found;
}

/** Where a variant goes. */
function placeOf(name: VariantName): {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  readonly isTraced: boolean;
} {
  if (name === "any region") {
    return {
      partition: "${AWS::Partition}",
      account: "${AWS::AccountId}",
      region: "${AWS::Region}",
      isTraced: true,
    };
  }
  return name === "China"
    ? { partition: "aws-cn", ...CHINA, isTraced: false }
    : { partition: "aws", ...EUROPE, isTraced: true };
}

/** What the functions read the vendor's key with. */
function readsSecret(name: VariantName): readonly string[] {
  const { secretArn, secretKeyArn } = CONFIGURATIONS["everything on"];
  if (name === "imported secret") {
    return [`Allow secretsmanager:GetSecretValue ${secretArn}`];
  }
  if (name === "everything on") {
    return [
      `Allow secretsmanager:GetSecretValue ${secretArn}`,
      `Allow kms:Decrypt ${secretKeyArn} {"StringEquals":{"kms:EncryptionContext:SecretARN":"${secretArn}"}}`,
    ];
  }
  return ["Allow secretsmanager:GetSecretValue ${CredentialsSecret}"];
}

/** What every function does: its log and, where it is traced, its traces, for which X-Ray has no resource to name. */
function observes(name: VariantName, logs: string): readonly string[] {
  return [
    `Allow logs:CreateLogStream \${${logs}.Arn}`,
    `Allow logs:PutLogEvents \${${logs}.Arn}`,
    ...(placeOf(name).isTraced
      ? ["Allow xray:PutTelemetryRecords *", "Allow xray:PutTraceSegments *"]
      : []),
  ];
}

const withoutTls = '{"Bool":{"aws:SecureTransport":"false"}}';

function needed(name: VariantName): Record<string, readonly string[]> {
  const { account, partition } = placeOf(name);
  const onlyHere = `{"StringEquals":{"aws:SourceAccount":"${account}"}}`;
  const alarms = `{"Service":"cloudwatch.amazonaws.com"} ${onlyHere}`;
  const administrators = `{"AWS":"arn:${partition}:iam::${account}:root"}`;
  const trusted = (service: string) =>
    `Allow sts:AssumeRole itself {"Service":"${service}"}`;
  return {
    ApiResponderRole: [trusted("lambda.amazonaws.com")],
    SweepSweeperRole: [trusted("lambda.amazonaws.com")],
    // Of no schedule in another account.
    SweepScheduleRole: [`${trusted("scheduler.amazonaws.com")} ${onlyHere}`],
    ApiResponderPolicy: [
      ...observes(name, "ApiLogs"),
      ...readsSecret(name),
      "Allow lambda:InvokeFunction ${SweepFunction.Arn}",
    ],
    SweepSweeperPolicy: [
      ...observes(name, "SweepLogs"),
      ...readsSecret(name),
      // Reports, under the topic's key.
      "Allow sns:Publish ${NotificationsTopic}",
      "Allow kms:Decrypt ${NotificationsKey.Arn}",
      "Allow kms:GenerateDataKey ${NotificationsKey.Arn}",
      // Lambda hands over the record of a failure in the function's name.
      "Allow sqs:SendMessage ${FailedSweeps.Arn}",
    ],
    SweepSchedulePolicy: [
      "Allow lambda:InvokeFunction ${SweepFunction.Arn}",
      "Allow sqs:SendMessage ${ScheduleDeadLetters.Arn}",
    ],
    NotificationsKey: [
      ...["Decrypt", "GenerateDataKey"].flatMap((action) => [
        `Allow kms:${action} * ${alarms}`,
        `Allow kms:${action} * ${administrators}`,
      ]),
      // In a key's own policy `*` is the key.
      ...[
        ...["CancelKeyDeletion", "CreateGrant", "DescribeKey", "DisableKey"],
        ...["DisableKeyRotation", "EnableKey", "EnableKeyRotation"],
        ...["GetKeyPolicy", "GetKeyRotationStatus", "ListGrants"],
        ...["ListKeyPolicies", "ListKeyRotations", "ListResourceTags"],
        ...["PutKeyPolicy", "RevokeGrant", "RotateKeyOnDemand"],
        ...["ScheduleKeyDeletion", "TagResource", "UntagResource"],
        ...["UpdateKeyDescription"],
      ].map((action) => `Allow kms:${action} * ${administrators}`),
    ],
    NotificationsTopicPolicy: [
      `Allow sns:Publish \${NotificationsTopic} ${alarms}`,
      `Deny sns:Publish \${NotificationsTopic} "*" ${withoutTls}`,
    ],
    SweepFailureQueuePolicy: [
      `Deny sqs:* \${FailedSweeps.Arn} {"AWS":"*"} ${withoutTls}`,
    ],
    SweepScheduleQueuePolicy: [
      `Deny sqs:* \${ScheduleDeadLetters.Arn} {"AWS":"*"} ${withoutTls}`,
    ],
  };
}

describe.each(VARIANT_NAMES)("the permissions: %s", (name) => {
  const stack = variant(name);
  const found = () => granted(stack);
  const wanted = needed(name);

  it.each(Object.keys(needed("default")))("of %s are those needed", (id) => {
    expect(found()[id]).toEqual(wanted[id]?.toSorted());
  });

  it("are given nowhere else", () => {
    expect(Object.keys(found()).sort()).toEqual(Object.keys(wanted).sort());
  });

  it("hang on their roles, queues and topic, and no others do", () => {
    const roles = Object.entries(propertiesOf(stack, "AWS::IAM::Role")).map(
      ([id, { AssumeRolePolicyDocument: _, ...rest }]) => [id, rest],
    );
    expect(Object.fromEntries(roles)).toEqual({
      ApiResponderRole: { ManagedPolicyArns: ["${ApiResponderPolicy}"] },
      SweepSweeperRole: { ManagedPolicyArns: ["${SweepSweeperPolicy}"] },
      SweepScheduleRole: { ManagedPolicyArns: ["${SweepSchedulePolicy}"] },
    });
    for (const { properties } of ofType(stack, "AWS::IAM::ManagedPolicy")) {
      expect(Object.keys(properties).sort()).toEqual([
        ...["Description", "Path", "PolicyDocument"],
      ]);
      expect(properties["Description"]).toMatch(/^[A-Z].{20,}$/);
    }
    const on = (type: string, what: string) =>
      ofType(stack, type).map(({ id, properties }) => [id, properties[what]]);
    expect([
      ...on("AWS::SNS::TopicPolicy", "Topics"),
      ...on("AWS::SQS::QueuePolicy", "Queues"),
    ]).toEqual([
      ["NotificationsTopicPolicy", ["${NotificationsTopic}"]],
      ["SweepScheduleQueuePolicy", ["${ScheduleDeadLetters}"]],
      ["SweepFailureQueuePolicy", ["${FailedSweeps}"]],
    ]);
  });

  it("let API Gateway invoke the API's function for the API's own routes only", () => {
    const { partition, region, account } = placeOf(name);
    const permissions = ofType(stack, "AWS::Lambda::Permission");
    const sources = permissions.map(
      ({ properties }) => properties["SourceArn"],
    );
    // $default has no path below the stage, so its permission ends there.
    expect(sources.sort()).toEqual(
      [
        ...["", "/certificates", "/certificates/{chainId}"],
        ...["/certificates/{chainId}", "/openapi.json", "/sweeps"],
      ].map(
        (path) =>
          `arn:${partition}:execute-api:${region}:${account}:\${HttpApi}/*/*${path}`,
      ),
    );
    for (const { properties } of permissions) {
      expect(properties).toEqual({
        Action: "lambda:InvokeFunction",
        FunctionName: "${ApiFunction.Arn}",
        Principal: "apigateway.amazonaws.com",
        SourceArn: properties["SourceArn"],
      });
    }
  });
});
