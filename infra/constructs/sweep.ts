/** The scheduled sweep: its function, the schedule, and a queue for each of the two ways an invocation can be lost. */
import { Duration, Stack } from "aws-cdk-lib";
import {
  ManagedPolicy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from "aws-cdk-lib/aws-iam";
import { SqsDestination } from "aws-cdk-lib/aws-lambda-destinations";
import { CfnSchedule } from "aws-cdk-lib/aws-scheduler";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { StackConfiguration } from "../settings/config.ts";
import type { AccessKeySecret } from "./access-key-secret.ts";
import { JanitorFunction } from "./janitor-function.ts";
import { withLogicalId } from "./logical-id.ts";
import type { Notifications } from "./notifications.ts";

/** A start that comes later than this has lost its point, and would meet the next one. */
const MAX_EVENT_AGE = Duration.minutes(20);

interface SweepProps {
  readonly config: StackConfiguration;
  readonly secret: AccessKeySecret;
  readonly notifications: Notifications;
}

export class Sweep extends Construct {
  readonly sweeper: JanitorFunction;
  /** Starts that EventBridge Scheduler could not deliver. */
  readonly scheduleQueue: Queue;
  /** Sweeps that ended in an error. */
  readonly failureQueue: Queue;
  readonly schedule: CfnSchedule;

  constructor(scope: Construct, id: string, props: SweepProps) {
    super(scope, id);
    const { config, secret, notifications } = props;
    this.scheduleQueue = this.#queue("ScheduleQueue", "ScheduleDeadLetters");
    this.failureQueue = this.#queue("FailureQueue", "FailedSweeps");
    this.sweeper = new JanitorFunction(this, "Sweeper", {
      entry: "expired-sweep.ts",
      description: "Deletes expired certificates of Volcengine Live",
      timeout: Duration.minutes(15),
      memorySize: 512,
      environment: {
        VOLCENGINE_SECRET_ID: secret.secretArn,
        ...config.environment,
        SENDS_PER_SECOND: config.pace.sweep,
        SWEEP_INTERVAL_MINUTES: String(config.intervalMinutes),
        STACK_NAME: Stack.of(this).stackName,
        PROVIDER: config.settings.provider,
        REPORT_TOPIC_ARN: notifications.topic.topicArn,
      },
      statements: [
        ...secret.readStatements,
        ...notifications.publishStatements,
        new PolicyStatement({
          actions: ["sqs:SendMessage"],
          resources: [this.failureQueue.queueArn],
        }),
      ],
      reservedConcurrency:
        config.settings.reservedConcurrency === undefined ? undefined : 1,
      logicalIds: { function: "SweepFunction", logs: "SweepLogs" },
    });
    // A sweep that failed is not repeated: the next one looks at the whole account again.
    this.sweeper.function.configureAsyncInvoke({
      retryAttempts: 0,
      maxEventAge: MAX_EVENT_AGE,
      onFailure: new SqsDestination(this.failureQueue),
    });
    this.schedule = this.#startedBy(config);
  }

  #queue(id: string, logicalId: string): Queue {
    const queue = new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    return withLogicalId(queue, logicalId);
  }

  #startedBy({ settings }: StackConfiguration): CfnSchedule {
    const { functionArn } = this.sweeper.function;
    const policy = new ManagedPolicy(this, "SchedulePolicy", {
      description: "Starts the sweep of expired certificates",
      statements: [
        new PolicyStatement({
          actions: ["lambda:InvokeFunction"],
          resources: [functionArn],
        }),
        new PolicyStatement({
          actions: ["sqs:SendMessage"],
          resources: [this.scheduleQueue.queueArn],
        }),
      ],
    });
    const role = new Role(this, "ScheduleRole", {
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
        conditions: {
          StringEquals: { "aws:SourceAccount": Stack.of(this).account },
        },
      }),
      managedPolicies: [policy],
    });
    const schedule = new CfnSchedule(this, "Schedule", {
      description: "Starts the sweep of expired certificates",
      scheduleExpression: settings.schedule,
      scheduleExpressionTimezone: settings.timeZone,
      flexibleTimeWindow: { mode: "OFF" },
      state: "ENABLED",
      target: {
        arn: functionArn,
        roleArn: role.roleArn,
        // Without an input Scheduler sends an event of its own, which the function refuses as a payload. A payload may
        // only tighten, so one of `dryRun: "schedule"` needs no mode of the function: people's payloads leave it out.
        input: JSON.stringify(
          settings.dryRun === "schedule" ? { dryRun: true } : {},
        ),
        retryPolicy: {
          maximumRetryAttempts: 5,
          maximumEventAgeInSeconds: MAX_EVENT_AGE.toSeconds(),
        },
        deadLetterConfig: { arn: this.scheduleQueue.queueArn },
      },
    });
    schedule.overrideLogicalId("SweepSchedule");
    return schedule;
  }
}
