/** The whole deployment: one stack, so that an account or a team has its own by the stack's name. */
import { Annotations, CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { Alarms } from "./constructs/alarms.ts";
import { Api } from "./constructs/api.ts";
import type { StackConfiguration } from "./settings/config.ts";
import { AccessKeySecret } from "./constructs/access-key-secret.ts";
import { JanitorDashboard } from "./constructs/dashboard.ts";
import { Notifications } from "./constructs/notifications.ts";
import { SweepMetrics } from "./constructs/sweep-metrics.ts";
import { acknowledgeFindings } from "./constructs/security-checks.ts";
import { Sweep } from "./constructs/sweep.ts";

interface LiveCertJanitorStackProps extends StackProps {
  readonly config: StackConfiguration;
}

export class LiveCertJanitorStack extends Stack {
  constructor(scope: Construct, id: string, props: LiveCertJanitorStackProps) {
    super(scope, id, props);
    const { config } = props;
    for (const [index, warning] of config.warnings.entries()) {
      Annotations.of(this).addWarningV2(`janitor-${String(index)}`, warning);
    }
    const secret = new AccessKeySecret(this, "Credentials", config);
    const notifications = new Notifications(this, "Notifications", {
      email: config.settings.alarmEmail,
      sender: `${this.stackName} (${config.providerName})`,
    });
    const sweep = new Sweep(this, "Sweep", {
      config,
      secret,
      notifications,
    });
    const { function: sweepFunction, logGroup: sweepLogs } = sweep.sweeper;
    const api = new Api(this, "Api", { config, secret, sweepFunction });
    const metrics = new SweepMetrics(this, "Metrics", { logGroup: sweepLogs });
    const { deadMan } = new Alarms(this, "Alarms", {
      config,
      api,
      sweep,
      metrics,
      notifications,
    });
    if (config.settings.dashboard) {
      new JanitorDashboard(this, "Dashboard", { api, sweep, metrics });
    }
    acknowledgeFindings({ api, secret, notifications, sweep });

    const outputs: Readonly<Record<string, readonly [string, string]>> = {
      // The stage's own URL ends in a slash, and then "$ApiUrl/sweeps" would have two.
      ApiUrl: [api.httpApi.apiEndpoint, "Where the HTTP API answers"],
      ApiArn: [
        this.formatArn({
          service: "execute-api",
          resource: api.httpApi.apiId,
        }),
        "What policies of callers name, with /*/ and a method and path behind it",
      ],
      SecretName: [
        secret.secretName,
        "The secret that holds the vendor's access key",
      ],
      TopicArn: [
        notifications.topic.topicArn,
        "The topic of reports and alarms",
      ],
      ApiFunctionName: [
        api.responder.function.functionName,
        "The function behind the HTTP API",
      ],
      SweepFunctionName: [sweepFunction.functionName, "The sweep"],
      ScheduleName: [sweep.schedule.ref, "What starts the sweep"],
      ScheduleQueueUrl: [
        sweep.scheduleQueue.queueUrl,
        "Sweeps that could not be started",
      ],
      FailureQueueUrl: [
        sweep.failureQueue.queueUrl,
        "Records of sweeps that ended in an error",
      ],
      DeadManAlarmName: [deadMan.alarmName, "The alarm about missing sweeps"],
      SweepLogGroup: [
        sweepLogs.logGroupName,
        "What sweeps saw, kept and deleted",
      ],
      ApiLogGroup: [
        api.responder.logGroup.logGroupName,
        "What the API deleted, and for whom",
      ],
      ApiAccessLogGroup: [
        api.accessLogs.logGroupName,
        "Who called the API, refused calls included",
      ],
    };
    for (const [name, [value, description]] of Object.entries(outputs)) {
      new CfnOutput(this, name, { value, description });
    }
  }
}
