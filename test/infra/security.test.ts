import { describe, expect, it } from "vitest";
import { RULE_PACKS } from "../../infra/constructs/security-checks.ts";
import {
  CHINA,
  CONFIGURATIONS,
  isJson,
  list,
  object,
  ofType,
  resource,
  synthesize,
  type Json,
  type Synthesized,
} from "./synthesize.ts";

const STACKS: readonly (readonly [string, Synthesized])[] = [
  ...Object.entries(CONFIGURATIONS).map(
    ([name, settings]) => [name, synthesize(settings)] as const,
  ),
  ["China", synthesize(CONFIGURATIONS.default, CHINA)],
];

interface Statement {
  readonly logicalId: string;
  readonly statement: Json;
}

/** Every policy statement of the template, wherever it hangs. */
function statements({ resources }: Synthesized): readonly Statement[] {
  const found: Statement[] = [];
  const walk = (logicalId: string, value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(logicalId, item);
    } else if (isJson(value)) {
      if (typeof value["Effect"] === "string") {
        found.push({ logicalId, statement: value });
      }
      for (const inner of Object.values(value)) walk(logicalId, inner);
    }
  };
  for (const { logicalId, properties } of resources)
    walk(logicalId, properties);
  return found;
}

/** On update and on deletion; a first creation that fails leaves nothing behind. */
const KEPT = {
  deletionPolicy: "RetainExceptOnCreate",
  updateReplacePolicy: "Retain",
};

/** The only statements whose resource may be `*`, by logical id and action, and why. */
const NAMELESS = new Map([
  ["ApiResponderPolicy", /^xray:/],
  ["SweepSweeperPolicy", /^xray:/],
  // In a key's own policy, `*` is the key.
  ["NotificationsKey", /^kms:/],
]);

describe.each(STACKS)("the stack: %s", (_, stack) => {
  const allowed = statements(stack).filter(
    ({ statement }) => statement["Effect"] === "Allow",
  );

  it("allows no action by a wildcard", () => {
    expect(allowed.length).toBeGreaterThan(8);
    for (const { logicalId, statement } of allowed) {
      expect([logicalId, statement["NotAction"]]).toEqual([
        logicalId,
        undefined,
      ]);
      for (const action of list(statement, "Action")) {
        expect([logicalId, action]).toEqual([
          logicalId,
          expect.stringMatching(/^[a-z]+:[A-Za-z]+$/),
        ]);
      }
    }
  });

  it("allows no resource by a wildcard where AWS has one to name", () => {
    for (const { logicalId, statement } of allowed) {
      expect([logicalId, statement["NotResource"]]).toEqual([
        logicalId,
        undefined,
      ]);
      for (const target of list(statement, "Resource")) {
        if (!JSON.stringify(target).includes("*")) continue;
        const [, actions] =
          [...NAMELESS].find(([prefix]) => logicalId.startsWith(prefix)) ?? [];
        expect([logicalId, target]).toEqual([logicalId, "*"]);
        for (const action of list(statement, "Action")) {
          expect([logicalId, action]).toEqual([
            logicalId,
            expect.stringMatching(actions ?? /^never$/),
          ]);
        }
      }
    }
  });

  it("lets only named services in from outside, and only for this account", () => {
    for (const { logicalId, statement } of allowed) {
      const principal = statement["Principal"];
      if (principal === undefined) continue;
      expect(JSON.stringify(principal)).not.toContain('"*"');
      const service = isJson(principal) ? principal["Service"] : undefined;
      if (service === undefined || service === "lambda.amazonaws.com") continue;
      expect([logicalId, statement["Condition"]]).toEqual([
        logicalId,
        { StringEquals: { "aws:SourceAccount": "111122223333" } },
      ]);
    }
  });

  it("lets the schedule's role be taken by Scheduler for this account only", () => {
    const trusts = ofType(stack, "AWS::IAM::Role").map(({ properties }) =>
      list(object(properties, "AssumeRolePolicyDocument"), "Statement"),
    );
    const [schedule, ...others] = trusts.filter((statements) =>
      JSON.stringify(statements).includes("scheduler"),
    );
    expect(schedule).toEqual([
      {
        Action: "sts:AssumeRole",
        Effect: "Allow",
        Principal: { Service: "scheduler.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
      },
    ]);
    expect(others).toEqual([]);
    expect(trusts).toHaveLength(3);
  });

  it("lets alarms use the topic's key, and administrators no more than they need", () => {
    const keyStatements = statements(stack).filter(
      ({ logicalId }) => logicalId === "NotificationsKey",
    );
    const [administration, alarms, ...others] = keyStatements.map(
      ({ statement }) => statement,
    );
    expect(others).toEqual([]);
    expect(alarms).toMatchObject({
      Principal: { Service: "cloudwatch.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
    });
    expect(JSON.stringify(administration?.["Principal"])).toContain(
      ":iam::111122223333:root",
    );
    expect(list(administration, "Action")).not.toContain("kms:*");
    const topic = statements(stack)
      .filter(({ statement }) =>
        list(statement, "Action").includes("sns:Publish"),
      )
      .filter(({ statement }) => statement["Principal"] !== undefined)
      .filter(({ statement }) => statement["Effect"] === "Allow");
    expect(topic.map(({ statement }) => statement["Principal"])).toEqual([
      { Service: "cloudwatch.amazonaws.com" },
    ]);
  });

  it("logs of every request who asked for what, and what became of it", () => {
    const [stage] = ofType(stack, "AWS::ApiGatewayV2::Stage");
    const format: unknown = JSON.parse(
      String(object(stage?.properties, "AccessLogSettings")["Format"]),
    );
    expect(format).toEqual({
      time: "$context.requestTime",
      requestId: "$context.requestId",
      sourceIp: "$context.identity.sourceIp",
      iamCaller: "$context.identity.userArn",
      tokenSubject: "$context.authorizer.claims.sub",
      routeKey: "$context.routeKey",
      status: "$context.status",
      responseLength: "$context.responseLength",
      responseLatencyMs: "$context.responseLatency",
      integrationLatencyMs: "$context.integrationLatency",
      integrationError: "$context.integrationErrorMessage",
      error: "$context.error.message",
    });
  });

  it.each([
    ["AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"],
    ["AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"],
  ])("denies every %s what does not come by TLS", (type, policyType, on) => {
    const guarded = ofType(stack, policyType)
      .filter(({ properties }) =>
        list(object(properties, "PolicyDocument"), "Statement").some(
          (statement) =>
            isJson(statement) &&
            statement["Effect"] === "Deny" &&
            /^(sqs:\*|sns:Publish)$/.test(String(statement["Action"])) &&
            /^("\*"|\{"AWS":"\*"\})$/.test(
              JSON.stringify(statement["Principal"]),
            ) &&
            JSON.stringify(statement["Condition"]) ===
              '{"Bool":{"aws:SecureTransport":"false"}}',
        ),
      )
      .flatMap(({ properties }) => list(properties, on))
      .map((target) => (isJson(target) ? target["Ref"] : target));
    const all = ofType(stack, type).map(({ logicalId }) => logicalId);
    expect(all.length).toBeGreaterThan(0);
    expect([...guarded].sort()).toEqual([...all].sort());
  });

  it("encrypts queues and topic", () => {
    for (const { properties } of ofType(stack, "AWS::SQS::Queue")) {
      expect(properties["SqsManagedSseEnabled"]).toBe(true);
    }
    expect(resource(stack, "NotificationsTopic")["KmsMasterKeyId"]).toEqual({
      "Fn::GetAtt": ["NotificationsKey", "Arn"],
    });
    expect(resource(stack, "NotificationsKey")["EnableKeyRotation"]).toBe(true);
  });

  it("keeps every log for a year, and longer than the stack", () => {
    const groups = ofType(stack, "AWS::Logs::LogGroup");
    expect(groups).toHaveLength(3);
    for (const { properties, ...policies } of groups) {
      expect(properties["RetentionInDays"]).toBe(365);
      expect(policies).toMatchObject(KEPT);
    }
    // No function and no stage may make a group of its own, without retention.
    for (const { properties } of ofType(stack, "AWS::Lambda::Function")) {
      expect(object(properties, "LoggingConfig")["LogGroup"]).toBeDefined();
    }
  });

  it("holds no secret", () => {
    for (const { properties, ...policies } of ofType(
      stack,
      "AWS::SecretsManager::Secret",
    )) {
      expect(properties).not.toHaveProperty("SecretString");
      expect(policies).toMatchObject(KEPT);
    }
    const text = JSON.stringify(stack.json);
    expect(text).not.toMatch(/AKLT|AKIA|ASIA/);
    expect(text).not.toMatch(/"secretAccessKey\\*":/);
  });

  it.each(RULE_PACKS.map((Pack) => [Pack.name, Pack] as const))(
    "passes %s",
    (__, Pack) => {
      const { violations } = new Pack(stack.stack).validateScope(stack.stack);
      expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
    },
  );
});

describe("the roles", () => {
  const standard = synthesize(CONFIGURATIONS.default);
  const everything = synthesize(CONFIGURATIONS["everything on"]);

  function permitted(stack: Synthesized, prefix: string) {
    return statements(stack)
      .filter(({ logicalId }) => logicalId.startsWith(prefix))
      .flatMap(({ statement }) =>
        list(statement, "Action").map((action) => [
          action,
          statement["Resource"],
        ]),
      );
  }
  const arn = (logicalId: string) => ({ "Fn::GetAtt": [logicalId, "Arn"] });

  it("let the API read the secret, start the sweep, and write its log", () => {
    expect(permitted(standard, "ApiResponderPolicy")).toEqual([
      ["logs:CreateLogStream", arn("ApiLogs")],
      ["logs:PutLogEvents", arn("ApiLogs")],
      ["xray:PutTelemetryRecords", "*"],
      ["xray:PutTraceSegments", "*"],
      ["secretsmanager:GetSecretValue", { Ref: "CredentialsSecret" }],
      ["lambda:InvokeFunction", arn("SweepFunction")],
    ]);
  });

  it("let the sweep read the secret, report, and hand over its failure", () => {
    expect(permitted(standard, "SweepSweeperPolicy")).toEqual([
      ["logs:CreateLogStream", arn("SweepLogs")],
      ["logs:PutLogEvents", arn("SweepLogs")],
      ["xray:PutTelemetryRecords", "*"],
      ["xray:PutTraceSegments", "*"],
      ["secretsmanager:GetSecretValue", { Ref: "CredentialsSecret" }],
      ["sns:Publish", { Ref: "NotificationsTopic" }],
      ["kms:Decrypt", arn("NotificationsKey")],
      ["kms:GenerateDataKey", arn("NotificationsKey")],
      ["sqs:SendMessage", arn("FailedSweeps")],
    ]);
  });

  it("let the schedule start exactly the sweep", () => {
    expect(permitted(standard, "SweepSchedulePolicy")).toEqual([
      ["lambda:InvokeFunction", arn("SweepFunction")],
      ["sqs:SendMessage", arn("ScheduleDeadLetters")],
    ]);
  });

  it("let both functions use the customer key of an imported secret, for it only", () => {
    const { secretArn, secretKeyArn } = CONFIGURATIONS["everything on"];
    for (const prefix of ["ApiResponderPolicy", "SweepSweeperPolicy"]) {
      expect(permitted(everything, prefix)).toContainEqual([
        "secretsmanager:GetSecretValue",
        secretArn,
      ]);
      expect(
        statements(everything)
          .filter(({ logicalId }) => logicalId.startsWith(prefix))
          .map(({ statement }) => statement),
      ).toContainEqual({
        Effect: "Allow",
        Action: "kms:Decrypt",
        Resource: secretKeyArn,
        Condition: {
          StringEquals: { "kms:EncryptionContext:SecretARN": secretArn },
        },
      });
    }
  });

  it("have no policy but their own", () => {
    for (const { properties } of ofType(standard, "AWS::IAM::Role")) {
      expect(properties["Policies"]).toBeUndefined();
      expect(list(properties, "ManagedPolicyArns")).toEqual([
        { Ref: expect.stringMatching(/Policy[0-9A-F]{8}$/) as unknown },
      ]);
    }
    expect(ofType(standard, "AWS::IAM::Policy")).toEqual([]);
  });
});
