import { describe, expect, it } from "vitest";
import { readConfiguration } from "../../functions/host/configuration.ts";
import { readSweepPayload } from "../../functions/host/sweep-payload.ts";
import {
  CHINA,
  CONFIGURATIONS,
  list,
  object,
  ofType,
  resource,
  synthesize,
  type Synthesized,
} from "./synthesize.ts";

const standard = synthesize(CONFIGURATIONS.default);
const everything = synthesize(CONFIGURATIONS["everything on"]);
const bytePlus = synthesize(CONFIGURATIONS.BytePlus);
const china = synthesize(CONFIGURATIONS.default, CHINA);
const anywhere = synthesize(CONFIGURATIONS.default, {});

function variables(stack: Synthesized, logicalId: string) {
  return object(object(resource(stack, logicalId), "Environment"), "Variables");
}

function output(name: string) {
  return object(object(standard.json, "Outputs"), name)["Value"];
}

/** The template without what changes with every change of the functions. */
function stable({ json }: Synthesized): unknown {
  return JSON.parse(
    JSON.stringify(json).replaceAll(/[0-9a-f]{64}\.zip/g, "<asset>.zip"),
  ) as unknown;
}

describe("the stack", () => {
  it("is as it was", () => {
    expect(stable(standard)).toMatchSnapshot();
  });

  it("names nothing physically", () => {
    for (const { resources } of [standard, everything, bytePlus, china]) {
      for (const { logicalId, type, properties } of resources) {
        const names = Object.keys(properties).filter(
          (name) =>
            /.Name$/.test(name) &&
            ![
              "MetricName",
              "FunctionName",
              "LogGroupName",
              "StageName",
              "DisplayName",
            ].includes(name),
        );
        expect([logicalId, names]).toEqual([logicalId, []]);
        // An API's and a JWT authorizer's name are labels that CloudFormation requires.
        if (!type.startsWith("AWS::ApiGatewayV2::")) {
          expect([logicalId, "Name" in properties]).toEqual([logicalId, false]);
        }
      }
    }
  });

  it("tells where everything is", () => {
    expect(Object.keys(object(standard.json, "Outputs")).sort()).toEqual([
      "ApiAccessLogGroup",
      "ApiArn",
      "ApiFunctionName",
      "ApiLogGroup",
      "ApiUrl",
      "DeadManAlarmName",
      "FailureQueueUrl",
      "ScheduleName",
      "ScheduleQueueUrl",
      "SecretName",
      "SweepFunctionName",
      "SweepLogGroup",
      "TopicArn",
    ]);
    // Without a slash at its end: the routes begin with theirs.
    expect(output("ApiUrl")).toEqual({
      "Fn::GetAtt": ["HttpApi", "ApiEndpoint"],
    });
    expect(output("ScheduleQueueUrl")).toEqual({ Ref: "ScheduleDeadLetters" });
    expect(output("FailureQueueUrl")).toEqual({ Ref: "FailedSweeps" });
    expect(output("ScheduleName")).toEqual({ Ref: "SweepSchedule" });
    const deadMan = object(
      object(object(standard.json, "Outputs"), "DeadManAlarmName"),
      "Value",
    )["Ref"];
    expect(resource(standard, String(deadMan))).toMatchObject({
      MetricName: "SweepsSucceeded",
    });
  });

  it("says from which stack and provider its mails come", () => {
    expect(resource(standard, "NotificationsTopic")).toMatchObject({
      DisplayName: "Janitor (Volcengine)",
    });
    expect(resource(bytePlus, "NotificationsTopic")).toMatchObject({
      DisplayName: "Janitor (BytePlus)",
    });
  });

  it("fits any partition", () => {
    expect(JSON.stringify(china.json)).not.toMatch(/arn:aws:/);
    expect(JSON.stringify(china.json)).toContain("arn:aws-cn:");
    expect(JSON.stringify(anywhere.json)).not.toMatch(/arn:aws[:-]/);
    for (const id of ["ApiFunction", "SweepFunction"]) {
      expect(resource(china, id)["TracingConfig"]).toEqual({
        Mode: "PassThrough",
      });
      expect(resource(standard, id)["TracingConfig"]).toEqual({
        Mode: "Active",
      });
    }
    expect(JSON.stringify(china.json)).not.toContain("xray:");
  });
});

describe("the functions", () => {
  it.each([
    ["ApiFunction", 29, "ApiLogs"],
    ["SweepFunction", 900, "SweepLogs"],
  ])("%s runs as the contract says", (logicalId, timeout, logs) => {
    expect(resource(standard, logicalId)).toMatchObject({
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
      Timeout: timeout,
      LoggingConfig: { LogFormat: "JSON", LogGroup: { Ref: logs } },
    });
    expect(resource(standard, logicalId)).not.toHaveProperty(
      "ReservedConcurrentExecutions",
    );
  });

  it("have exactly the contract's environment", () => {
    const common = {
      VOLCENGINE_SECRET_ID: { Ref: "CredentialsSecret" },
      VOLCENGINE_ENDPOINT: "https://live.volcengineapi.com",
      VOLCENGINE_REGION: "cn-north-1",
      GRACE_DAYS: "7",
      MAX_DELETIONS: "100",
      DRY_RUN: "true",
      WARN_DAYS: "auto",
      UNSEEN_DOMAINS: "keep",
      PROJECT_NAMES: "[]",
      PROTECT: "[]",
    };
    expect(variables(standard, "ApiFunction")).toEqual({
      ...common,
      SENDS_PER_SECOND: "2",
      SWEEP_FUNCTION_NAME: { Ref: "SweepFunction" },
    });
    expect(variables(standard, "SweepFunction")).toEqual({
      ...common,
      SENDS_PER_SECOND: "7.8",
      REPORT_TOPIC_ARN: { Ref: "NotificationsTopic" },
      SWEEP_INTERVAL_MINUTES: "1440",
      STACK_NAME: "Janitor",
      PROVIDER: "volcengine",
    });
    expect(variables(bytePlus, "SweepFunction")).toMatchObject({
      PROVIDER: "byteplus",
    });
  });

  it("know the schedule's longest interval", () => {
    expect(variables(everything, "SweepFunction")).toMatchObject({
      SWEEP_INTERVAL_MINUTES: "360",
    });
  });

  it("get every setting", () => {
    const { protect, secretArn } = CONFIGURATIONS["everything on"];
    expect(variables(everything, "SweepFunction")).toMatchObject({
      VOLCENGINE_SECRET_ID: secretArn,
      GRACE_DAYS: "14",
      MAX_DELETIONS: "500",
      DRY_RUN: "false",
      WARN_DAYS: "21",
      UNSEEN_DOMAINS: "ignore",
      PROJECT_NAMES: '["default","video"]',
      PROTECT: JSON.stringify(protect),
    });
    expect(resource(everything, "ApiFunction")).toMatchObject({
      ReservedConcurrentExecutions: 5,
    });
    expect(resource(everything, "SweepFunction")).toMatchObject({
      ReservedConcurrentExecutions: 1,
    });
  });

  it("keep BytePlus's pace", () => {
    const vendor = {
      VOLCENGINE_ENDPOINT: "https://open.byteplusapi.com",
      VOLCENGINE_REGION: "ap-singapore-1",
    };
    expect(variables(bytePlus, "ApiFunction")).toMatchObject({
      ...vendor,
      SENDS_PER_SECOND: "0.3",
    });
    expect(variables(bytePlus, "SweepFunction")).toMatchObject({
      ...vendor,
      SENDS_PER_SECOND: "0.6",
    });
  });
});

const ROUTES = {
  "GET /certificates": ["certificates.read"],
  "GET /certificates/{chainId}": ["certificates.read"],
  "DELETE /certificates/{chainId}": ["certificates.delete"],
  "POST /sweeps": ["certificates.delete"],
  "GET /openapi.json": ["certificates.read"],
  $default: ["certificates.read", "certificates.delete"],
};

describe("the API", () => {
  it("has the contract's routes behind the IAM authorizer", () => {
    const routes = ofType(standard, "AWS::ApiGatewayV2::Route");
    expect(
      routes.map(({ properties }) => properties["RouteKey"]).sort(),
    ).toEqual(Object.keys(ROUTES).sort());
    for (const { properties } of routes) {
      expect(properties["AuthorizationType"]).toBe("AWS_IAM");
    }
  });

  it("has them behind a JWT authorizer with scopes by configuration", () => {
    const routes = ofType(everything, "AWS::ApiGatewayV2::Route");
    expect(
      Object.fromEntries(
        routes.map(({ properties }) => [
          properties["RouteKey"],
          properties["AuthorizationScopes"],
        ]),
      ),
    ).toEqual(ROUTES);
    for (const { properties } of routes) {
      expect(properties["AuthorizationType"]).toBe("JWT");
      expect(properties["AuthorizerId"]).toBeDefined();
    }
    everything.template.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
      AuthorizerType: "JWT",
      IdentitySource: ["$request.header.Authorization"],
      JwtConfiguration: {
        Audience: ["janitor"],
        Issuer: "https://login.example.com",
      },
    });
  });

  it("hands every route to the function in payload format 2.0", () => {
    const integrations = ofType(standard, "AWS::ApiGatewayV2::Integration");
    expect(integrations.map(({ properties }) => properties)).toEqual([
      {
        ApiId: { Ref: "HttpApi" },
        IntegrationType: "AWS_PROXY",
        PayloadFormatVersion: "2.0",
        IntegrationUri: { "Fn::GetAtt": ["ApiFunction", "Arn"] },
      },
    ]);
  });

  it("may invoke the function for its own routes only", () => {
    const permissions = ofType(standard, "AWS::Lambda::Permission");
    const paths = permissions.map(({ properties }) =>
      list(object(properties, "SourceArn"), "Fn::Join")
        .flat()
        .filter((part) => typeof part === "string")
        .at(-1),
    );
    // $default has no path below the stage, so its permission ends there.
    expect(paths.sort()).toEqual([
      "/*/*",
      "/*/*/certificates",
      "/*/*/certificates/{chainId}",
      "/*/*/certificates/{chainId}",
      "/*/*/openapi.json",
      "/*/*/sweeps",
    ]);
    for (const { properties } of permissions) {
      expect(properties["Principal"]).toBe("apigateway.amazonaws.com");
    }
  });

  it("is throttled and logs every request as JSON", () => {
    const [stage] = ofType(standard, "AWS::ApiGatewayV2::Stage");
    expect(stage?.properties).toMatchObject({
      StageName: "$default",
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 2, ThrottlingBurstLimit: 2 },
      AccessLogSettings: {
        DestinationArn: { "Fn::GetAtt": ["ApiAccessLogs", "Arn"] },
      },
    });
  });
});

describe("the sweep", () => {
  it("is started by a schedule with a role and a queue of its own", () => {
    expect(resource(standard, "SweepSchedule")).toMatchObject({
      ScheduleExpression: "cron(17 3 * * ? *)",
      ScheduleExpressionTimezone: "UTC",
      FlexibleTimeWindow: { Mode: "OFF" },
      State: "ENABLED",
      Target: {
        Arn: { "Fn::GetAtt": ["SweepFunction", "Arn"] },
        Input: "{}",
        RetryPolicy: {
          MaximumEventAgeInSeconds: 1200,
          MaximumRetryAttempts: 5,
        },
        DeadLetterConfig: {
          Arn: { "Fn::GetAtt": ["ScheduleDeadLetters", "Arn"] },
        },
      },
    });
    expect(resource(everything, "SweepSchedule")).toMatchObject({
      ScheduleExpression: "rate(6 hours)",
      ScheduleExpressionTimezone: "Asia/Shanghai",
    });
  });

  it("of a schedule that only reports is asked for no more, while people may delete", () => {
    expect(object(resource(bytePlus, "SweepSchedule"), "Target")).toMatchObject(
      {
        Input: '{"dryRun":true}',
      },
    );
    expect(variables(bytePlus, "SweepFunction")).toMatchObject({
      DRY_RUN: "false",
    });
    expect(variables(bytePlus, "ApiFunction")).toMatchObject({
      DRY_RUN: "false",
    });
    const configuration = readConfiguration({
      VOLCENGINE_SECRET_ID: "k",
      DRY_RUN: "false",
    });
    for (const [payload, dryRun] of [
      [JSON.parse('{"dryRun":true}'), true],
      [{}, false],
    ] as const) {
      expect(readSweepPayload(payload, configuration).dryRun).toBe(dryRun);
    }
  });

  it("is never repeated by Lambda, and its failures are kept", () => {
    const [config] = ofType(standard, "AWS::Lambda::EventInvokeConfig");
    expect(config?.properties).toMatchObject({
      FunctionName: { Ref: "SweepFunction" },
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 1200,
      DestinationConfig: {
        OnFailure: { Destination: { "Fn::GetAtt": ["FailedSweeps", "Arn"] } },
      },
    });
  });
});

describe("what is optional", () => {
  it("is off by default", () => {
    standard.template.resourceCountIs("AWS::CloudWatch::Dashboard", 0);
    standard.template.resourceCountIs("AWS::SNS::Subscription", 0);
    standard.template.resourceCountIs("AWS::ApiGatewayV2::Authorizer", 0);
    standard.template.resourceCountIs("AWS::SecretsManager::Secret", 1);
    expect(standard.resources.length).toBeLessThan(60);
  });

  it("is on where asked for", () => {
    everything.template.resourceCountIs("AWS::CloudWatch::Dashboard", 1);
    everything.template.resourceCountIs("AWS::SecretsManager::Secret", 0);
    everything.template.hasResourceProperties("AWS::SNS::Subscription", {
      Protocol: "email",
      Endpoint: "video-team@example.com",
      TopicArn: { Ref: "NotificationsTopic" },
    });
    const [dashboard] = ofType(everything, "AWS::CloudWatch::Dashboard");
    const body = JSON.stringify(dashboard?.properties);
    for (const part of [
      "Sweep results",
      "by reason",
      "Latency",
      "API requests",
      "queues",
      "Last deletions",
      "delete-outcome",
      "counts.kept.in-use",
    ]) {
      expect(body).toContain(part);
    }
  });

  it("never needs more than ten custom metrics and ten alarms", () => {
    for (const stack of [standard, everything, bytePlus, china]) {
      const metrics = new Set(
        ofType(stack, "AWS::Logs::MetricFilter").flatMap(({ properties }) =>
          list(properties, "MetricTransformations").map((one) =>
            JSON.stringify(one).replace(/.*"MetricName":"(\w+)".*/, "$1"),
          ),
        ),
      );
      expect(metrics.size).toBeGreaterThan(0);
      expect(metrics.size).toBeLessThanOrEqual(10);
      expect(
        ofType(stack, "AWS::CloudWatch::Alarm").length,
      ).toBeLessThanOrEqual(10);
    }
  });
});
