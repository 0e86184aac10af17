/** What the template promises, in every variant; permissions are in permissions.test.ts. */
import { Stack } from "aws-cdk-lib";
import { Construct } from "constructs";
import { describe, expect, it } from "vitest";
import { REASONS } from "../../functions/contract/reasons.ts";
import { readConfiguration } from "../../functions/host/configuration.ts";
import { withLogicalId } from "../../infra/constructs/logical-id.ts";
import { readSweepPayload } from "../../functions/host/sweep-payload.ts";
import {
  CHINA,
  CONFIGURATIONS,
  EUROPE,
  isJson,
  list,
  object,
  ofType,
  propertiesOf,
  resource,
  synthesize,
  variant,
  VARIANT_NAMES,
  type Json,
  type Synthesized,
  type VariantName,
} from "./synthesize.ts";

const ALL_ON = CONFIGURATIONS["everything on"];
const MAIL = "video-team@example.com";

/** What differs from the stack as it ships. */
interface Difference {
  /** Of both functions. */
  readonly environment?: Json;
  readonly pace?: { readonly api: string; readonly sweep: string };
  readonly provider?: readonly [id: string, name: string];
  readonly name?: string;
  readonly schedule?: Json;
  readonly intervalMinutes?: number;
  /** Of the alarm about missing sweeps. */
  readonly hours?: number;
  readonly email?: string;
  readonly reserved?: { readonly api: number; readonly sweep: number };
  readonly isTraced?: false;
  readonly hasToken?: true;
  readonly hasDashboard?: true;
}

const IMPORTED = { VOLCENGINE_SECRET_ID: ALL_ON.secretArn };

const DIFFERENCES: Readonly<Record<VariantName, Difference>> = {
  default: {},
  "everything on": {
    environment: {
      ...IMPORTED,
      GRACE_DAYS: "14",
      MAX_DELETIONS: "500",
      DRY_RUN: "false",
      WARN_DAYS: "21",
      UNSEEN_DOMAINS: "ignore",
      PROJECT_NAMES: '["default","video"]',
      PROTECT: JSON.stringify(ALL_ON.protect),
    },
    schedule: {
      ScheduleExpression: "rate(6 hours)",
      ScheduleExpressionTimezone: "Asia/Shanghai",
    },
    intervalMinutes: 360,
    hours: 13,
    email: MAIL,
    reserved: { api: 5, sweep: 1 },
    hasToken: true,
    hasDashboard: true,
  },
  BytePlus: {
    environment: {
      VOLCENGINE_ENDPOINT: "https://open.byteplusapi.com",
      VOLCENGINE_REGION: "ap-singapore-1",
      // It is the schedule that asks for a dry run.
      DRY_RUN: "false",
    },
    pace: { api: "0.3", sweep: "0.6" },
    provider: ["byteplus", "BytePlus"],
  },
  China: { isTraced: false },
  "any region": {},
  "another name": { name: "News" },
  JWT: { hasToken: true },
  "imported secret": { environment: IMPORTED },
  "weekdays, with mail": {
    environment: { DRY_RUN: "false", VOLCENGINE_REGION: "cn-north-2" },
    schedule: {
      ScheduleExpression: "cron(0 8 ? * MON-FRI *)",
      ScheduleExpressionTimezone: "Europe/Berlin",
    },
    // From Friday to the Monday after the clocks went back.
    intervalMinutes: 73 * 60,
    hours: 147,
    email: MAIL,
  },
};

/** On update and on deletion; a first creation that fails leaves nothing behind. */
const KEPT = {
  deletionPolicy: "RetainExceptOnCreate",
  updateReplacePolicy: "Retain",
};

const FOURTEEN_DAYS = 1_209_600;

const ROUTES = {
  "GET /certificates": ["certificates.read"],
  "GET /certificates/{chainId}": ["certificates.read"],
  "DELETE /certificates/{chainId}": ["certificates.delete"],
  "POST /sweeps": ["certificates.delete"],
  "GET /openapi.json": ["certificates.read"],
  $default: ["certificates.read", "certificates.delete"],
};

/** Of the alarms, by id: metric, what rings, and what happens without data. */
function alarms(
  namespace: string,
  hours: number,
): Readonly<Record<string, Json>> {
  const AT_LEAST = "GreaterThanOrEqualToThreshold";
  const rings = (threshold: number, period: number, missing: string) => ({
    Statistic: "Sum",
    Period: period,
    EvaluationPeriods: 1,
    DatapointsToAlarm: 1,
    Threshold: threshold,
    ComparisonOperator: AT_LEAST,
    TreatMissingData: missing,
    AlarmActions: ["${NotificationsTopic}"],
  });
  // Its end is told to whom it woke up.
  const told = { OKActions: ["${NotificationsTopic}"] };
  /** Stays as it is until the next sweep says otherwise. */
  const ofSweeps = (name: string) => ({
    Namespace: namespace,
    MetricName: name,
    ...rings(1, 300, "ignore"),
  });
  return {
    AlarmsDeadMan: {
      ...ofSweeps("SweepsSucceeded"),
      ...told,
      Period: 3600,
      EvaluationPeriods: hours,
      DatapointsToAlarm: hours,
      ComparisonOperator: "LessThanThreshold",
      TreatMissingData: "breaching",
    },
    AlarmsSweepError: {
      Namespace: "AWS/Lambda",
      MetricName: "AsyncEventsDropped",
      Dimensions: [{ Name: "FunctionName", Value: "${SweepFunction}" }],
      ...rings(1, 300, "notBreaching"),
    },
    AlarmsScheduleDeadLetter: {
      Namespace: "AWS/SQS",
      MetricName: "NumberOfMessagesSent",
      Dimensions: [
        { Name: "QueueName", Value: "${ScheduleDeadLetters.QueueName}" },
      ],
      ...rings(1, 300, "notBreaching"),
    },
    AlarmsTooMany: ofSweeps("SweepsWithTooMany"),
    AlarmsStoppedEarly: { ...ofSweeps("SweepsStoppedEarly"), ...told },
    AlarmsDeletionsFailed: ofSweeps("DeletionsFailed"),
    AlarmsExpiredInUse: { ...ofSweeps("ExpiredInUse"), ...told },
    AlarmsExpiringInUse: ofSweeps("ExpiringInUse"),
    AlarmsReportNotSent: ofSweeps("ReportsNotSent"),
    AlarmsApiError: {
      Namespace: "AWS/ApiGateway",
      MetricName: "5xx",
      Dimensions: [{ Name: "ApiId", Value: "${HttpApi}" }],
      ...rings(3, 900, "notBreaching"),
      ...told,
    },
  };
}

/** Of all resources of a type, without what is a text for people and the address of the code. */
function allOf(
  stack: Synthesized,
  type: string,
): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    ofType(stack, type).map(({ id, properties }) => {
      const { Description, AlarmDescription, Code, ...rest } = properties;
      expect([id, Description, AlarmDescription, Code]).not.toContain("");
      return [id, rest];
    }),
  );
}

describe.each(VARIANT_NAMES)("the stack: %s", (variantName) => {
  const stack = variant(variantName);
  const {
    environment = {},
    pace = { api: "2", sweep: "7.8" },
    provider: [provider, providerName] = ["volcengine", "Volcengine"],
    name = "Janitor",
    schedule = {
      ScheduleExpression: "cron(17 3 * * ? *)",
      ScheduleExpressionTimezone: "UTC",
    },
    intervalMinutes = 1440,
    hours = 49,
    email,
    reserved,
    isTraced = true,
    hasToken = false,
    hasDashboard = false,
  } = DIFFERENCES[variantName];
  const hasOwnSecret = !("VOLCENGINE_SECRET_ID" in environment);
  const namespace = `LiveCertJanitor/${name}`;
  const all = (type: string) => allOf(stack, type);

  it("runs each function with its own time, log, role and environment", () => {
    const common = {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
      MemorySize: 512,
      TracingConfig: { Mode: isTraced ? "Active" : "PassThrough" },
    };
    const variables = {
      VOLCENGINE_SECRET_ID: "${CredentialsSecret}",
      VOLCENGINE_ENDPOINT: "https://live.volcengineapi.com",
      VOLCENGINE_REGION: "cn-north-1",
      GRACE_DAYS: "7",
      MAX_DELETIONS: "100",
      DRY_RUN: "true",
      WARN_DAYS: "auto",
      UNSEEN_DOMAINS: "keep",
      PROJECT_NAMES: "[]",
      PROTECT: "[]",
      ...environment,
    };
    expect(all("AWS::Lambda::Function")).toEqual({
      ApiFunction: {
        ...common,
        Timeout: 29,
        LoggingConfig: { LogFormat: "JSON", LogGroup: "${ApiLogs}" },
        Role: "${ApiResponderRole.Arn}",
        Environment: {
          Variables: {
            ...variables,
            SENDS_PER_SECOND: pace.api,
            SWEEP_FUNCTION_NAME: "${SweepFunction}",
          },
        },
        ...(reserved && { ReservedConcurrentExecutions: reserved.api }),
      },
      SweepFunction: {
        ...common,
        Timeout: 900,
        LoggingConfig: { LogFormat: "JSON", LogGroup: "${SweepLogs}" },
        Role: "${SweepSweeperRole.Arn}",
        Environment: {
          Variables: {
            ...variables,
            SENDS_PER_SECOND: pace.sweep,
            REPORT_TOPIC_ARN: "${NotificationsTopic}",
            SWEEP_INTERVAL_MINUTES: String(intervalMinutes),
            STACK_NAME: name,
            PROVIDER: provider,
          },
        },
        ...(reserved && { ReservedConcurrentExecutions: reserved.sweep }),
      },
    });
  });

  it("starts the sweep by the schedule, and keeps what could not be started", () => {
    expect(all("AWS::Scheduler::Schedule")).toEqual({
      SweepSchedule: {
        ...schedule,
        FlexibleTimeWindow: { Mode: "OFF" },
        State: "ENABLED",
        Target: {
          Arn: "${SweepFunction.Arn}",
          RoleArn: "${SweepScheduleRole.Arn}",
          Input: variantName === "BytePlus" ? '{"dryRun":true}' : "{}",
          RetryPolicy: {
            MaximumEventAgeInSeconds: 1200,
            MaximumRetryAttempts: 5,
          },
          DeadLetterConfig: { Arn: "${ScheduleDeadLetters.Arn}" },
        },
      },
    });
  });

  it("never repeats a failed sweep, and keeps its record", () => {
    expect(Object.values(all("AWS::Lambda::EventInvokeConfig"))).toEqual([
      {
        FunctionName: "${SweepFunction}",
        Qualifier: "$LATEST",
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: 1200,
        DestinationConfig: {
          OnFailure: { Destination: "${FailedSweeps.Arn}" },
        },
      },
    ]);
    const queue = {
      MessageRetentionPeriod: FOURTEEN_DAYS,
      SqsManagedSseEnabled: true,
    };
    expect(all("AWS::SQS::Queue")).toEqual({
      ScheduleDeadLetters: queue,
      FailedSweeps: queue,
    });
  });

  it("keeps every log for a year, and longer than itself", () => {
    const kept = { properties: { RetentionInDays: 365 }, ...KEPT };
    expect(ofType(stack, "AWS::Logs::LogGroup")).toMatchObject([
      { id: "SweepLogs", ...kept },
      { id: "ApiLogs", ...kept },
      { id: "ApiAccessLogs", ...kept },
    ]);
  });

  it("holds the vendor's key in a secret that it never generates anew", () => {
    const secrets = ofType(stack, "AWS::SecretsManager::Secret");
    expect(secrets).toHaveLength(hasOwnSecret ? 1 : 0);
    for (const { id, properties, ...policies } of secrets) {
      expect(id).toBe("CredentialsSecret");
      expect(policies).toMatchObject(KEPT);
      // A change here would overwrite the operator's access key at the next deployment.
      expect(properties).toEqual({
        Description: properties["Description"],
        GenerateSecretString: {
          GenerateStringKey: "secretAccessKey",
          SecretStringTemplate: '{"accessKeyId":"replace-this-placeholder"}',
        },
      });
    }
    const text = JSON.stringify(stack.json);
    expect(text).not.toMatch(/AKLT|AKIA|ASIA/);
    expect(text).not.toMatch(/"secretAccessKey\\*":/);
  });

  it("tells by a topic under a key of its own, and a mailbox where one is set", () => {
    expect(all("AWS::SNS::Topic")).toEqual({
      NotificationsTopic: {
        DisplayName: `${name} (${providerName})`,
        KmsMasterKeyId: "${NotificationsKey.Arn}",
      },
    });
    expect(resource(stack, "NotificationsKey")["EnableKeyRotation"]).toBe(true);
    // Reports that nobody can read any more need no key.
    expect(ofType(stack, "AWS::KMS::Key")).toMatchObject([
      { deletionPolicy: "Delete", updateReplacePolicy: "Delete" },
    ]);
    expect(Object.values(all("AWS::SNS::Subscription"))).toEqual(
      email === undefined
        ? []
        : [
            {
              Protocol: "email",
              Endpoint: email,
              TopicArn: "${NotificationsTopic}",
            },
          ],
    );
  });

  it("guards each of the contract's routes, and the rest", () => {
    const guard = (scopes: readonly string[]) =>
      hasToken
        ? {
            AuthorizationType: "JWT",
            AuthorizationScopes: scopes,
            AuthorizerId: expect.stringMatching(/^\$\{.+\}$/) as unknown,
          }
        : { AuthorizationType: "AWS_IAM" };
    const [integration, ...others] = ofType(
      stack,
      "AWS::ApiGatewayV2::Integration",
    );
    expect(others).toEqual([]);
    expect(integration?.properties).toEqual({
      ApiId: "${HttpApi}",
      IntegrationType: "AWS_PROXY",
      PayloadFormatVersion: "2.0",
      IntegrationUri: "${ApiFunction.Arn}",
    });
    const routes = Object.values(all("AWS::ApiGatewayV2::Route")).map((one) => [
      one["RouteKey"],
      one,
    ]);
    expect(routes).toHaveLength(6);
    for (const { id } of ofType(stack, "AWS::ApiGatewayV2::Route")) {
      expect(id).toMatch(/^Api[A-Z][A-Za-z]+Route$/);
    }
    expect(Object.fromEntries(routes)).toEqual(
      Object.fromEntries(
        Object.entries(ROUTES).map(([key, scopes]) => [
          key,
          {
            ApiId: "${HttpApi}",
            RouteKey: key,
            Target: `integrations/\${${integration?.id ?? ""}}`,
            ...guard(scopes),
          },
        ]),
      ),
    );
    expect(Object.values(all("AWS::ApiGatewayV2::Authorizer"))).toEqual(
      hasToken
        ? [
            {
              ApiId: "${HttpApi}",
              Name: expect.any(String) as unknown,
              AuthorizerType: "JWT",
              IdentitySource: ["$request.header.Authorization"],
              JwtConfiguration: {
                Audience: ["janitor"],
                Issuer: "https://login.example.com",
              },
            },
          ]
        : [],
    );
  });

  it("answers at one stage, throttled, which logs who asked for what and what became of it", () => {
    expect(all("AWS::ApiGatewayV2::Api")).toEqual({
      HttpApi: { Name: name, ProtocolType: "HTTP" },
    });
    const [stage, ...others] = Object.values(all("AWS::ApiGatewayV2::Stage"));
    expect(others).toEqual([]);
    const { AccessLogSettings, ...settings } = stage ?? {};
    expect(settings).toEqual({
      ApiId: "${HttpApi}",
      StageName: "$default",
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 2, ThrottlingBurstLimit: 2 },
    });
    const { DestinationArn, Format } = isJson(AccessLogSettings)
      ? AccessLogSettings
      : {};
    expect(DestinationArn).toBe("${ApiAccessLogs.Arn}");
    expect(JSON.parse(String(Format))).toEqual({
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

  it("rings ten alarms", () => {
    expect(all("AWS::CloudWatch::Alarm")).toEqual(alarms(namespace, hours));
    // CloudWatch looks back seven days at most.
    expect(hours).toBeLessThanOrEqual(168);
    expect(resource(stack, "AlarmsDeadMan")["AlarmDescription"]).toContain(
      `for at least ${String(hours)} hours`,
    );
  });

  it("counts its own sweeps, and no other stack's, in at most ten metrics", () => {
    const filters = ofType(stack, "AWS::Logs::MetricFilter");
    const names = filters.flatMap(({ id, properties }) => {
      expect([id, properties["LogGroupName"]]).toEqual([id, "${SweepLogs}"]);
      return list(properties, "MetricTransformations").map((one) => {
        expect(one).toMatchObject({ MetricNamespace: namespace });
        return isJson(one) ? one["MetricName"] : undefined;
      });
    });
    expect(new Set(names).size).toBe(hasDashboard ? 10 : 7);
    // The filters of the other variants are the ones that alarms.test.ts plays.
    const played = propertiesOf(
      variant("everything on"),
      "AWS::Logs::MetricFilter",
    );
    for (const { id, properties } of filters) {
      const pattern = object(played, id)["FilterPattern"];
      expect([id, properties["FilterPattern"]]).toEqual([id, pattern]);
    }
  });

  it("tells where everything is", () => {
    const { ApiArn, SecretName, ...outputs } = stack.outputs;
    expect(outputs).toEqual({
      // Without a slash at its end: the routes begin with theirs.
      ApiUrl: "${HttpApi.ApiEndpoint}",
      ApiFunctionName: "${ApiFunction}",
      SweepFunctionName: "${SweepFunction}",
      ScheduleName: "${SweepSchedule}",
      ScheduleQueueUrl: "${ScheduleDeadLetters}",
      FailureQueueUrl: "${FailedSweeps}",
      DeadManAlarmName: "${AlarmsDeadMan}",
      TopicArn: "${NotificationsTopic}",
      SweepLogGroup: "${SweepLogs}",
      ApiLogGroup: "${ApiLogs}",
      ApiAccessLogGroup: "${ApiAccessLogs}",
    });
    expect(ApiArn).toMatch(/^arn:\S+:execute-api:\S+:\$\{HttpApi\}$/);
    // Without the six characters that Secrets Manager appends.
    expect(JSON.stringify(SecretName)).toMatch(
      hasOwnSecret ? /\$\{CredentialsSecret\}/ : /^"live-janitor"$/,
    );
  });

  it("says of what an operator meets what it is for", () => {
    const described = [
      ...["AWS::IAM::ManagedPolicy", "AWS::KMS::Key", "AWS::Lambda::Function"],
      "AWS::SecretsManager::Secret",
    ].flatMap((type) =>
      ofType(stack, type).map(({ properties }) => properties),
    );
    const outputs = Object.values(object(stack.json, "Outputs"));
    for (const one of [...described, ...outputs]) {
      expect(isJson(one) && one["Description"]).toMatch(/^[A-Z].{8,}$/);
    }
  });

  it("waits for nothing that it refers to anyway", () => {
    for (const one of Object.values(object(stack.json, "Resources"))) {
      if (isJson(one) && one["Type"] === "AWS::Lambda::Function") {
        expect(one["DependsOn"]).toBeUndefined();
      }
    }
  });

  it("names nothing physically", () => {
    const labels = ["MetricName", "FunctionName", "LogGroupName", "StageName"];
    for (const { id, type, properties } of stack.resources) {
      // An API's and a token authorizer's name are labels that CloudFormation requires, and so is a topic's sender.
      if (/^AWS::(ApiGatewayV2|SNS)::/.test(type)) continue;
      const names = Object.keys(properties).filter(
        (property) => /Name$/.test(property) && !labels.includes(property),
      );
      expect([id, names]).toEqual([id, []]);
    }
  });

  it("has nothing else", () => {
    const counts: Record<string, number> = {};
    for (const { type } of stack.resources) {
      counts[type] = (counts[type] ?? 0) + 1;
    }
    expect(counts).toEqual({
      "AWS::ApiGatewayV2::Api": 1,
      ...(hasToken && { "AWS::ApiGatewayV2::Authorizer": 1 }),
      "AWS::ApiGatewayV2::Integration": 1,
      "AWS::ApiGatewayV2::Route": 6,
      "AWS::ApiGatewayV2::Stage": 1,
      "AWS::CloudWatch::Alarm": 10,
      ...(hasDashboard && { "AWS::CloudWatch::Dashboard": 1 }),
      "AWS::IAM::ManagedPolicy": 3,
      "AWS::IAM::Role": 3,
      "AWS::KMS::Key": 1,
      "AWS::Lambda::EventInvokeConfig": 1,
      "AWS::Lambda::Function": 2,
      "AWS::Lambda::Permission": 6,
      "AWS::Logs::LogGroup": 3,
      "AWS::Logs::MetricFilter": hasDashboard ? 14 : 11,
      "AWS::SNS::Topic": 1,
      "AWS::SNS::TopicPolicy": 1,
      ...(email !== undefined && { "AWS::SNS::Subscription": 1 }),
      "AWS::SQS::Queue": 2,
      "AWS::SQS::QueuePolicy": 2,
      "AWS::Scheduler::Schedule": 1,
      ...(hasOwnSecret && { "AWS::SecretsManager::Secret": 1 }),
    });
  });

  it("fits any partition", () => {
    const text = JSON.stringify({ ...stack.json, Parameters: {} });
    const partitions = new Set(
      [...text.matchAll(/\barn:([^:"]*)/g)].map(([, found]) => found),
    );
    const others: Partial<Record<VariantName, string>> = {
      China: "aws-cn",
      "any region": "",
    };
    expect([...partitions]).toEqual([others[variantName] ?? "aws"]);
  });
});

it("the dashboard shows what sweeps did and kept, how the API fares, and what waits", () => {
  const [dashboard] = ofType(
    variant("everything on"),
    "AWS::CloudWatch::Dashboard",
  );
  const body: unknown = JSON.parse(
    String(dashboard?.properties["DashboardBody"]),
  );
  for (const widget of list(body, "widgets")) {
    expect(widget).toMatchObject({ height: 6 });
    expect([12, 24]).toContain(isJson(widget) && widget["width"]);
  }
  const shown = list(body, "widgets").map((widget) => {
    const { title, metrics, query } = object(widget, "properties");
    return [title, metrics ?? query];
  });
  const ofSweeps = (name: string) => [
    ...["LiveCertJanitor/Janitor", name],
    { period: 3600, stat: "Sum" },
  ];
  const of = (
    [namespace, metric, dimension, value]: readonly string[],
    stat: string,
    label: string,
    right = {},
  ) => [namespace, metric, dimension, value, { label, stat, ...right }];
  const ofApi = (metric: string) => [
    ...["AWS/ApiGateway", metric, "ApiId", "${HttpApi}"],
  ];
  const waiting = (queue: string) => [
    ...["AWS/SQS", "ApproximateNumberOfMessagesVisible"],
    ...["QueueName", `\${${queue}.QueueName}`],
  ];
  const duration = ["AWS/Lambda", "Duration", "FunctionName"];
  const column = (reason: string) => reason.replaceAll("-", "_");
  expect(shown).toEqual([
    [
      "Sweep results",
      [
        ...["CertificatesEligible", "CertificatesDeleted"],
        ...["CertificatesRemaining", "DeletionsFailed"],
        ...["ExpiredInUse", "ExpiringInUse"],
      ].map(ofSweeps),
    ],
    [
      "Certificates kept, by reason, in the last sweeps",
      [
        "SOURCE '${SweepLogs}' | filter message.event = \"sweep-summary\"",
        `| fields message.startedAt as started, message.mode as mode, ${REASONS.map((reason) => `coalesce(\`message.counts.kept.${reason}\`, 0) as ${column(reason)}`).join(", ")}`,
        "| sort @timestamp desc",
        "| limit 20",
        `| display started, mode, ${REASONS.map(column).join(", ")}`,
      ].join("\n"),
    ],
    [
      "Latency (milliseconds)",
      [
        of(ofApi("Latency"), "p50", "API p50"),
        of(ofApi("Latency"), "p99", "API p99"),
        of(
          [...duration, "${SweepFunction}"],
          "Maximum",
          "sweep, longest (right axis)",
          { yAxis: "right" },
        ),
      ],
    ],
    [
      "API requests and errors",
      [
        of(ofApi("Count"), "Sum", "requests"),
        of(ofApi("4xx"), "Sum", "4xx"),
        of(ofApi("5xx"), "Sum", "5xx"),
      ],
    ],
    [
      "Messages waiting in the queues",
      [
        of(waiting("ScheduleDeadLetters"), "Maximum", "sweeps not started"),
        of(waiting("FailedSweeps"), "Maximum", "failed sweeps"),
      ],
    ],
    [
      "Last deletions",
      [
        "SOURCE '${SweepLogs}' | SOURCE '${ApiLogs}' | filter message.event = \"delete-outcome\"",
        "| sort @timestamp desc",
        "| limit 50",
        "| display @timestamp, message.chainId, message.name, message.outcome, message.code, message.requestId, message.caller",
      ].join("\n"),
    ],
  ]);
});

it("warns at the synth of each thing that is odd in its settings", () => {
  const { stack } = synthesize({
    schedule: "rate(6 hours)",
    protect: [{ match: "name", value: "a$", owner: "o" }],
  });
  const said = stack.node.metadata
    .filter(({ type }) => type === "aws:cdk:warning")
    .map(({ data }): unknown => data);
  expect(said).toEqual([
    expect.stringContaining("regular expression"),
    expect.stringContaining("first sweep"),
  ]);
});

it("a mail's sender is cut to what SNS takes", () => {
  const stackName = `N${"e".repeat(120)}ws`;
  const long = synthesize(CONFIGURATIONS.default, EUROPE, stackName);
  expect(resource(long, "NotificationsTopic")["DisplayName"]).toBe(
    stackName.slice(0, 100),
  );
});

it("of a schedule that only reports is asked for no more, while people may delete", () => {
  const [schedule, environment] = ["SweepSchedule", "SweepFunction"].map((id) =>
    resource(variant("BytePlus"), id),
  );
  const input: unknown = JSON.parse(
    String(object(schedule, "Target")["Input"]),
  );
  const configuration = readConfiguration({
    ...{ VOLCENGINE_SECRET_ID: "k" },
    DRY_RUN: String(
      object(object(environment, "Environment"), "Variables")["DRY_RUN"],
    ),
  });
  expect(readSweepPayload(input, configuration).dryRun).toBe(true);
  expect(readSweepPayload({}, configuration).dryRun).toBe(false);
});

/** What holds data, or an identity that somebody outside relies on; with the properties whose change replaces it. */
const STATEFUL: Readonly<Record<string, readonly string[]>> = {
  "AWS::ApiGatewayV2::Api": ["ProtocolType"],
  "AWS::KMS::Key": ["KeySpec", "KeyUsage", "MultiRegion"],
  "AWS::Lambda::Function": ["FunctionName", "PackageType"],
  "AWS::Logs::LogGroup": ["LogGroupName"],
  "AWS::SecretsManager::Secret": ["Name", "GenerateSecretString"],
  "AWS::Scheduler::Schedule": ["Name", "GroupName"],
  "AWS::SNS::Topic": ["TopicName", "FifoTopic"],
  "AWS::SQS::Queue": ["QueueName", "FifoQueue"],
};

describe("what holds data", () => {
  /** By the logical id that CloudFormation sees. */
  const stateful = ({ json }: Synthesized): Json =>
    Object.fromEntries(
      Object.entries(object(json, "Resources")).flatMap(([id, one]) => {
        const type = isJson(one) ? String(one["Type"]) : "";
        const replacing = STATEFUL[type];
        if (replacing === undefined) return [];
        const properties = isJson(one) ? (one["Properties"] ?? {}) : {};
        const values = replacing.map((property) => [
          property,
          isJson(properties) ? properties[property] : undefined,
        ]);
        return [[id, { type, ...Object.fromEntries(values) }]];
      }),
    );
  const before = () => stateful(variant("default"));

  it("has logical ids of its own", () => {
    expect(Object.keys(before()).sort()).toEqual([
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
      "SweepSchedule",
    ]);
  });

  it.each(VARIANT_NAMES)("outlives a change to: %s", (name) => {
    const { CredentialsSecret, ...others } = before();
    // An imported secret replaces the created one: that is what it is for.
    const imported =
      "VOLCENGINE_SECRET_ID" in (DIFFERENCES[name].environment ?? {});
    expect(stateful(variant(name))).toEqual({
      ...others,
      ...(!imported && { CredentialsSecret }),
    });
  });

  it("cannot be left to the constructs' names by mistake", () => {
    const construct = new Construct(new Stack(), "Empty");
    expect(() => withLogicalId(construct, "Logs")).toThrow(
      "Default/Empty has no main resource",
    );
  });

  it("has one route for each key, whatever guards it: a second one would be refused", () => {
    const routes = ({ json }: Synthesized) =>
      Object.entries(object(json, "Resources")).flatMap(([id, one]) =>
        isJson(one) && one["Type"] === "AWS::ApiGatewayV2::Route"
          ? [[id, object(one, "Properties")["RouteKey"]]]
          : [],
      );
    expect(routes(variant("JWT"))).toEqual(routes(variant("default")));
  });

  it("is the same in another account and region", () => {
    const elsewhere = { account: "444455556666", region: "us-east-1" };
    expect([EUROPE.region, CHINA.region]).not.toContain(elsewhere.region);
    expect(stateful(synthesize(CONFIGURATIONS.default, elsewhere))).toEqual(
      before(),
    );
  });
});
