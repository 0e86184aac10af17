/** The rule packs that every synth must pass, and the findings that stand, each with its reason. */
import { Validations } from "aws-cdk-lib";
import {
  AwsSolutionsChecks,
  HIPAASecurityChecks,
  NIST80053R5Checks,
  PCIDSS321Checks,
  ServerlessChecks,
} from "cdk-nag";
import type { IConstruct } from "constructs";
import type { Api } from "./api.ts";
import type { AccessKeySecret } from "./access-key-secret.ts";
import type { Notifications } from "./notifications.ts";
import type { Sweep } from "./sweep.ts";

export const RULE_PACKS = [
  AwsSolutionsChecks,
  ServerlessChecks,
  HIPAASecurityChecks,
  NIST80053R5Checks,
  PCIDSS321Checks,
] as const;

interface Parts {
  readonly api: Api;
  readonly secret: AccessKeySecret;
  readonly notifications: Notifications;
  readonly sweep: Sweep;
}

interface Acknowledgement {
  readonly rules: readonly string[];
  readonly on: readonly IConstruct[];
  readonly reason: string;
}

function acknowledgements(parts: Parts): readonly Acknowledgement[] {
  const { api, secret, notifications, sweep } = parts;
  const functions = [api.responder, sweep.sweeper];
  return [
    {
      rules: [
        "AwsSolutions-SMG4",
        "HIPAA.Security-SecretsManagerRotationEnabled",
        "NIST.800.53.R5-SecretsManagerRotationEnabled",
      ],
      on: [secret],
      reason:
        "The secret holds an access key of another vendor. Rotating it automatically would need a second, stronger key that may create access keys. docs/operations.md describes rotation by hand; the functions take up a new key within five minutes and without a deployment.",
    },
    {
      rules: [
        "HIPAA.Security-SecretsManagerUsingKMSKey",
        "NIST.800.53.R5-SecretsManagerUsingKMSKey",
        "PCI.DSS.321-SecretsManagerUsingKMSKey",
      ],
      on: [secret],
      reason:
        "The secret is encrypted under the account's own key for Secrets Manager. It outlives the stack, so a customer key would have to outlive it too. Whoever must use a customer key brings secret and key by the settings secretArn and secretKeyArn.",
    },
    {
      rules: [
        "HIPAA.Security-CloudWatchLogGroupEncrypted",
        "NIST.800.53.R5-CloudWatchLogGroupEncrypted",
        "PCI.DSS.321-CloudWatchLogGroupEncrypted",
      ],
      on: [...functions, api.accessLogs],
      reason:
        "CloudWatch Logs encrypts every group at rest. The lines hold names of certificates and callers, and never a credential, which tests assert. They outlive the stack as the record of deletions, and must stay readable without a key of the stack.",
    },
    {
      rules: [
        "HIPAA.Security-LambdaInsideVPC",
        "NIST.800.53.R5-LambdaInsideVPC",
        "PCI.DSS.321-LambdaInsideVPC",
      ],
      on: functions,
      reason:
        "The functions listen on no network and call only public TLS endpoints: the vendor's and AWS's. A VPC would add a NAT gateway, which is the way out that they have now, and protect nothing that lies inside it.",
    },
    {
      rules: [
        "HIPAA.Security-LambdaConcurrency",
        "NIST.800.53.R5-LambdaConcurrency",
      ],
      on: functions,
      reason:
        "New AWS accounts may run ten executions at once and can reserve none, so a reservation would make their first deployment fail. The setting reservedConcurrency makes one; without it the stage's throttling bounds the API, and the schedule the sweep.",
    },
    {
      rules: [
        "Serverless-LambdaDLQ",
        "HIPAA.Security-LambdaDLQ",
        "NIST.800.53.R5-LambdaDLQ",
      ],
      on: functions,
      reason:
        "The API function is invoked synchronously, where a dead-letter queue has no part: the caller gets the error. The sweep function has an on-failure destination, which carries the error as well as the event, and an alarm rings for each lost event.",
    },
    {
      rules: ["AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"],
      on: [sweep.scheduleQueue, sweep.failureQueue],
      reason:
        "These two queues are the dead-letter queues, of the schedule and of the sweep function. Nothing receives from them but a person, and an alarm rings for whatever they get.",
    },
    {
      rules: ["AwsSolutions-IAM5[Resource::*]"],
      on: functions.filter(({ traced }) => traced),
      reason:
        "X-Ray's PutTraceSegments and PutTelemetryRecords know no resource that a policy could name.",
    },
    {
      rules: ["Serverless-LambdaTracing"],
      on: functions.filter(({ traced }) => !traced),
      reason:
        "Tracing is off in the China partition by a stated choice of this project, not by a lack of X-Ray. What a trace would show there is in the logs: each line has its time, and the access log the latency of each request.",
    },
    {
      rules: ["Serverless-SNSRedrivePolicy"],
      on: [notifications],
      reason:
        "The only subscriber is a mailbox. A message that it refuses is not lost: the alarm stays visible in CloudWatch and the report in the sweep's log. An alarm on a queue of refused mail could only go to the same mailbox.",
    },
  ];
}

/** Records on the parts of a stack which findings of {@link RULE_PACKS} stand, and why. */
export function acknowledgeFindings(parts: Parts): void {
  for (const { rules, on, reason } of acknowledgements(parts)) {
    for (const construct of on) {
      Validations.of(construct).acknowledge(
        ...rules.map((id) => ({ id, reason })),
      );
    }
  }
}
