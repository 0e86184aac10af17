/** The topic that alarms and reports go to, under a key of its own: alarms cannot use the AWS-managed one. */
import { RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  AccountRootPrincipal,
  PolicyDocument,
  PolicyStatement,
  ServicePrincipal,
} from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import { withLogicalId } from "./logical-id.ts";

/** What the account may let its own administrators do with the key; written out, since `kms:*` says nothing. */
const KEY_ADMINISTRATION = [
  "kms:CancelKeyDeletion",
  "kms:CreateGrant",
  "kms:DescribeKey",
  "kms:DisableKey",
  "kms:DisableKeyRotation",
  "kms:EnableKey",
  "kms:EnableKeyRotation",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListKeyRotations",
  "kms:ListResourceTags",
  "kms:PutKeyPolicy",
  "kms:RevokeGrant",
  "kms:RotateKeyOnDemand",
  "kms:ScheduleKeyDeletion",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:UpdateKeyDescription",
];
const KEY_USE = ["kms:Decrypt", "kms:GenerateDataKey"];

/** SNS's limit. */
const LONGEST_DISPLAY_NAME = 100;

interface NotificationsProps {
  /** From whom mails come, in words. */
  readonly sender: string;
  /** @default - nobody is subscribed */
  readonly email: string | undefined;
}

export class Notifications extends Construct {
  readonly topic: Topic;
  /** What a function of this account needs to publish. */
  readonly publishStatements: readonly PolicyStatement[];

  constructor(scope: Construct, id: string, props: NotificationsProps) {
    super(scope, id);
    const { account } = Stack.of(this);
    const alarms = {
      principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
      conditions: { StringEquals: { "aws:SourceAccount": account } },
    };
    const key = withLogicalId(
      new Key(this, "Key", {
        description: "Encrypts the reports and alarms of live-cert-janitor",
        enableKeyRotation: true,
        // The topic keeps nothing, so nothing is lost with the key.
        removalPolicy: RemovalPolicy.DESTROY,
        policy: new PolicyDocument({
          statements: [
            new PolicyStatement({
              principals: [new AccountRootPrincipal()],
              actions: [...KEY_ADMINISTRATION, ...KEY_USE],
              // In a key's own policy this is the key.
              resources: ["*"],
            }),
            new PolicyStatement({
              ...alarms,
              actions: KEY_USE,
              resources: ["*"],
            }),
          ],
        }),
      }),
      "NotificationsKey",
    );
    this.topic = withLogicalId(
      new Topic(this, "Topic", {
        displayName: props.sender.slice(0, LONGEST_DISPLAY_NAME),
        masterKey: key,
        enforceSSL: true,
      }),
      "NotificationsTopic",
    );
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        ...alarms,
        actions: ["sns:Publish"],
        resources: [this.topic.topicArn],
      }),
    );
    if (props.email !== undefined) {
      this.topic.addSubscription(new EmailSubscription(props.email));
    }
    this.publishStatements = [
      new PolicyStatement({
        actions: ["sns:Publish"],
        resources: [this.topic.topicArn],
      }),
      new PolicyStatement({ actions: KEY_USE, resources: [key.keyArn] }),
    ];
  }
}
