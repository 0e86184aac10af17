/** The deployed stack with a vendor behind it and callers in front of it. */
import { demoAccount } from "../../infra/local/fixtures.ts";
import {
  startLiveEmulator,
  type LiveEmulator,
} from "../../infra/local/live-emulator/server.ts";
import {
  ACCOUNT,
  at,
  deployStack,
  eventually,
  listAt,
  REGION,
  textAt,
  type Caller,
  type DeployedStack,
} from "./deploy-stack.ts";

export const FIRST_KEY = {
  accessKeyId: "AKLTfirst",
  secretAccessKey: "first-secret",
};

/** Of no certificate. */
export const UNKNOWN_ID = "0".repeat(32);

interface Answer {
  readonly status: unknown;
  readonly body: unknown;
}

interface Report {
  readonly subject: string;
  readonly text: string;
}

export interface Scene {
  readonly live: LiveEmulator;
  readonly stack: DeployedStack;
  /** Of MiniStack's execute-api: everything before the API's own paths. */
  readonly apiPath: string;
  /** May call all of the API. */
  readonly operator: Caller;
  /** May send GET only. */
  readonly reader: Caller;
  /** An operation of an AWS service, as administrator. */
  readonly call: (
    service: string,
    operation: string,
    parameters?: object,
  ) => Promise<unknown>;
  /** A call of the API, signed by botocore for the operator by default; null signs nothing. */
  readonly api: (
    method: string,
    path: string,
    body?: string | null,
    caller?: Caller | null,
  ) => Promise<Answer>;
  /** What the document's step about the secret does. */
  readonly putSecret: (key: object) => Promise<unknown>;
  /** Takes the next message from a queue. */
  nextMessage(queueUrl: string): Promise<unknown>;
  /** Takes the next report that the topic's subscribers get. */
  nextReport(): Promise<Report>;
  /** The log group that an output of the stack names. */
  logOf(output: string): Promise<string>;
  /**
   * Lets the deployed schedule fire at the next full minute, and takes the report of the sweep that it starts. MiniStack
   * looks every ten seconds, so there is time to set it back; it applies neither the schedule's role nor its time zone,
   * retries or queue.
   */
  fireSchedule(): Promise<Report>;
  close(): Promise<void>;
}

const policy = (statement: object): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", ...statement }],
  });

/** Deploys the stack as it ships. The secret holds its placeholder still. */
export async function startScene(): Promise<Scene> {
  const live = await startLiveEmulator({
    credentials: [FIRST_KEY],
    account: demoAccount(Date.now()),
  });
  const stack = await deployStack(live.url).catch(async (error: unknown) => {
    await live.close();
    throw error;
  });
  const close = async (): Promise<void> => {
    await stack.close();
    await live.close();
  };
  const call: Scene["call"] = (service, operation, parameters = {}) =>
    stack.botocore.call(service, operation, { ...parameters });
  const apiId = stack.physicalId("HttpApi");
  const apiPath = `/_aws/execute-api/${apiId}`;

  async function createCaller(name: string, allowed: string): Promise<Caller> {
    await call("iam", "CreateUser", { UserName: name });
    await call("iam", "PutUserPolicy", {
      UserName: name,
      PolicyName: "calls",
      PolicyDocument: policy({
        Action: "execute-api:Invoke",
        Resource: `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiId}/${allowed}`,
      }),
    });
    const made = await call("iam", "CreateAccessKey", { UserName: name });
    return {
      accessKeyId: textAt(made, "AccessKey", "AccessKeyId"),
      secretAccessKey: textAt(made, "AccessKey", "SecretAccessKey"),
    };
  }

  async function subscribe(): Promise<string> {
    const arn = `arn:aws:sqs:${REGION}:${ACCOUNT}:reports`;
    const queue = await call("sqs", "CreateQueue", {
      QueueName: "reports",
      Attributes: {
        Policy: policy({
          Principal: { Service: "sns.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: arn,
        }),
      },
    });
    await call("sns", "Subscribe", {
      TopicArn: stack.output("TopicArn"),
      Protocol: "sqs",
      Endpoint: arn,
    });
    return textAt(queue, "QueueUrl");
  }

  const nextMessage = (QueueUrl: string): Promise<unknown> =>
    eventually("a message", async () => {
      const received = await call("sqs", "ReceiveMessage", {
        QueueUrl,
        WaitTimeSeconds: 2,
      });
      // Absent where there is none.
      if (at(received, "Messages") === undefined) return undefined;
      const [message] = listAt(received, "Messages");
      await call("sqs", "DeleteMessage", {
        QueueUrl,
        ReceiptHandle: textAt(message, "ReceiptHandle"),
      });
      const body: unknown = JSON.parse(textAt(message, "Body"));
      return body;
    });

  try {
    const operator = await createCaller("operator", "*");
    const reader = await createCaller("reader", "*/GET/*");
    const reports = await subscribe();
    const nextReport = async (): Promise<Report> => {
      const envelope = await nextMessage(reports);
      return {
        subject: textAt(envelope, "Subject"),
        text: textAt(envelope, "Message"),
      };
    };
    return {
      ...{ live, stack, apiPath, operator, reader, call, nextMessage, close },
      api: async (method, path, body = null, caller = operator) => {
        const answer = await stack.botocore.ask("request", {
          ...{ method, body, credentials: caller },
          url: `${stack.url}${apiPath}${path}`,
          headers: body === null ? {} : { "content-type": "application/json" },
        });
        return {
          status: at(answer, "status"),
          body: JSON.parse(textAt(answer, "body")),
        };
      },
      putSecret: (key) =>
        call("secretsmanager", "PutSecretValue", {
          SecretId: stack.output("SecretName"),
          SecretString: JSON.stringify(key),
        }),
      nextReport,
      async logOf(output) {
        const found = await call("logs", "FilterLogEvents", {
          logGroupName: stack.output(output),
        });
        return listAt(found, "events")
          .map((event) => textAt(event, "message"))
          .join("\n");
      },
      async fireSchedule() {
        const Name = stack.physicalId("SweepSchedule");
        const schedule = await call("scheduler", "GetSchedule", { Name });
        const given = Object.fromEntries(
          [
            ...["ScheduleExpression", "ScheduleExpressionTimezone", "State"],
            ...["FlexibleTimeWindow", "Target", "Description"],
          ].map((name) => [name, at(schedule, name)]),
        );
        const minutely = { ScheduleExpression: "cron(* * * * ? *)" };
        await call("scheduler", "UpdateSchedule", {
          Name,
          ...given,
          ...minutely,
        });
        try {
          return await nextReport();
        } finally {
          await call("scheduler", "UpdateSchedule", { Name, ...given });
        }
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
