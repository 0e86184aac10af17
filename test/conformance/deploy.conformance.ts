/**
 * The deployed stack on an AWS that nobody here wrote: its template is taken whole by MiniStack's CloudFormation, its
 * functions run in MiniStack's Lambda with what their roles allow, and other people's programs sign the calls.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { object } from "../infra/synthesize.ts";
import { isInstalled, toolPath, versionOf } from "./tools.ts";
import { BLOCKS, blocksOf, runInShell } from "./deploy-document.ts";
import { signsCalls } from "./deploy-programs.ts";
import {
  FIRST_KEY,
  startScene,
  UNKNOWN_ID,
  type Scene,
} from "./deploy-scene.ts";
import {
  ACCOUNT,
  at,
  eventually,
  listAt,
  REGION,
  textAt,
} from "./deploy-stack.ts";
import { party } from "./party.ts";

const SECOND_KEY = {
  accessKeyId: "AKLTsecond",
  secretAccessKey: "second-secret",
};

let scene: Scene;
beforeAll(async () => {
  if (isInstalled("python") && isInstalled("node24"))
    scene = await startScene();
});
// Undefined where the hook above failed or had nothing to do.
afterAll(() => (scene as Scene | undefined)?.close());

const problem = (status: number, name: string) => ({
  status,
  body: expect.objectContaining({
    type: `urn:live-cert-janitor:problem:${name}`,
  }) as unknown,
});

/** The certificates that the vendor has. */
const ids = () => scene.live.account.certificates.map(({ chainId }) => chainId);

/** What the next sweep would delete, as the deployed API says. */
async function doomed(): Promise<string[]> {
  const answer = await scene.api("GET", "/certificates?verdict=delete");
  expect(answer.status).toBe(200);
  return listAt(answer.body, "certificates").map((one) =>
    textAt(one, "chainId"),
  );
}

party("MiniStack", versionOf("ministack"), ["python", "node24"], () => {
  it("takes the whole template, no resource left out", ({ task }) => {
    const { template, logicalIds } = scene.stack;
    const wanted = Object.keys(object(template, "Resources"));
    expect([...logicalIds].sort()).toEqual(wanted.sort());
    task.meta.cases = wanted.length;
  });

  it("still differs from AWS where the template had to be adapted", async () => {
    const { call } = scene;
    const stack = { StackName: "Probe" };
    await call("cloudformation", "CreateStack", {
      ...stack,
      TemplateBody: JSON.stringify({
        Resources: {
          Secret: { Type: "AWS::SecretsManager::Secret", Properties: {} },
        },
        Outputs: {
          Ref: { Value: { Ref: "Secret" } },
          Id: { Value: { "Fn::GetAtt": ["Secret", "Id"] } },
        },
      }),
    });
    const outputs = await eventually("the probe", async () => {
      const all = await call("cloudformation", "DescribeStacks", stack);
      const [one] = listAt(all, "Stacks");
      return at(one, "StackStatus") === "CREATE_COMPLETE"
        ? listAt(one, "Outputs")
        : undefined;
    });
    const [ref, id] = ["Ref", "Id"].map((name) =>
      outputs.find((output) => at(output, "OutputKey") === name),
    );
    expect(textAt(id, "OutputValue")).toMatch(/^arn:aws:secretsmanager:/);
    // AWS: the same ARN, of a name that begins with the logical id.
    expect(textAt(ref, "OutputValue")).toMatch(/^Probe-Secret-/);
  });

  it("wires schedule, queues, routes and functions as they are meant", async () => {
    const { call, stack } = scene;
    const sweep = stack.physicalId("SweepFunction");
    const queueArn = (id: string): string =>
      `arn:aws:sqs:${REGION}:${ACCOUNT}:${stack.physicalId(id).split("/").at(-1) ?? ""}`;
    expect(
      await call("scheduler", "GetSchedule", {
        Name: stack.physicalId("SweepSchedule"),
      }),
    ).toMatchObject({
      State: "ENABLED",
      ScheduleExpression: "cron(17 3 * * ? *)",
      ScheduleExpressionTimezone: "UTC",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: {
        Arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${sweep}`,
        Input: "{}",
        DeadLetterConfig: { Arn: queueArn("ScheduleDeadLetters") },
      },
    });
    expect(
      await call("lambda", "GetFunctionEventInvokeConfig", {
        FunctionName: sweep,
        Qualifier: "$LATEST",
      }),
    ).toMatchObject({
      MaximumRetryAttempts: 0,
      DestinationConfig: {
        OnFailure: { Destination: queueArn("FailedSweeps") },
      },
    });
    const httpApi = { ApiId: stack.physicalId("HttpApi") };
    const integrations = await call("apigatewayv2", "GetIntegrations", httpApi);
    // MiniStack sends that format whatever is asked for.
    expect(listAt(integrations, "Items")).toMatchObject([
      { IntegrationType: "AWS_PROXY", PayloadFormatVersion: "2.0" },
    ]);
    const routes = await call("apigatewayv2", "GetRoutes", httpApi);
    expect(
      listAt(routes, "Items")
        .map((route) =>
          [textAt(route, "RouteKey"), textAt(route, "AuthorizationType")].join(
            ": ",
          ),
        )
        .sort(),
    ).toEqual([
      "$default: AWS_IAM",
      "DELETE /certificates/{chainId}: AWS_IAM",
      "GET /certificates/{chainId}: AWS_IAM",
      "GET /certificates: AWS_IAM",
      "GET /openapi.json: AWS_IAM",
      "POST /sweeps: AWS_IAM",
    ]);
    for (const name of [sweep, stack.physicalId("ApiFunction")]) {
      expect(
        await call("lambda", "GetFunctionConfiguration", {
          FunctionName: name,
        }),
      ).toMatchObject({
        Runtime: "nodejs24.x",
        LoggingConfig: { LogFormat: "JSON" },
      });
    }
    // MiniStack runs them with the `node` that it finds: the one of that runtime.
    expect(
      execFileSync(toolPath("node24"), ["--version"], { encoding: "utf8" }),
    ).toMatch(/^v24\./);
  });

  it("refuses the placeholder in the secret, until the operator's key is there", async () => {
    const { api, putSecret } = scene;
    expect(await api("GET", "/certificates")).toMatchObject({
      status: 500,
      body: {
        type: "urn:live-cert-janitor:problem:misconfigured",
        detail: expect.stringContaining(
          "still holds the placeholder",
        ) as unknown,
      },
    });
    await putSecret(FIRST_KEY);
    const { status, body } = await api("GET", "/certificates");
    expect(status).toBe(200);
    expect(at(body, "counts", "listed")).toBe(new Set(ids()).size);
  });

  it("serves every route, with its refusals", async ({ task }) => {
    const { api, live } = scene;
    const bound = live.account.domains[0]?.chainId ?? "";
    // Valid, and no domain uses it.
    const spare = live.account.certificates.find(
      ({ name }) => name === "push.example.net, for the move",
    );
    const { chainId, name } = spare ?? { chainId: "", name: "" };
    const one = `/certificates/${chainId}`;
    const before = ids();
    const cases: readonly (readonly [string, string, object])[] = [
      [
        ...(["GET", "/certificates?state=expired&limit=2"] as const),
        { status: 200, body: { counts: { shown: 2 } } },
      ],
      [
        ...(["GET", "/certificates?verdict=perhaps"] as const),
        problem(400, "invalid-request"),
      ],
      ["GET", one, { status: 200, body: { chainId, verdict: "keep" } }],
      [
        ...(["GET", `/certificates/${UNKNOWN_ID}`] as const),
        problem(404, "certificate-not-found"),
      ],
      ["GET", "/openapi.json", { status: 200, body: { openapi: "3.1.0" } }],
      ["GET", "/elsewhere", problem(404, "no-such-route")],
      ["PUT", "/certificates", problem(405, "method-not-allowed")],
      ["DELETE", "/certificates/4060", problem(400, "invalid-request")],
      [
        ...(["DELETE", `/certificates/${UNKNOWN_ID}`] as const),
        problem(404, "certificate-not-found"),
      ],
      [
        ...(["DELETE", `/certificates/${bound}`] as const),
        problem(409, "certificate-in-use"),
      ],
      [
        ...(["DELETE", `${one}?dryRun=true`] as const),
        { status: 200, body: { outcome: "wouldDelete" } },
      ],
    ];
    for (const [method, path, wanted] of cases) {
      expect(await api(method, path), `${method} ${path}`).toMatchObject(
        wanted,
      );
    }
    expect(live.writes()).toEqual([]);
    expect(await api("DELETE", one)).toMatchObject({
      status: 200,
      body: { chainId, outcome: "deleted", certificate: { name } },
    });
    expect(ids()).toEqual(before.filter((id) => id !== chainId));
    expect(await api("DELETE", one)).toMatchObject(
      problem(404, "certificate-not-found"),
    );
    // Who asked for it stands in the group that the stack names.
    const log = await scene.logOf("ApiLogGroup");
    expect(log).toContain("delete-attempt");
    expect(log).toContain(`arn:aws:iam::${ACCOUNT}:user/operator`);
    task.meta.cases = cases.length + 2;
  });

  it("lets in who signs and may, and nobody else", async ({ task }) => {
    const { api, operator, reader } = scene;
    const path = `/certificates/${UNKNOWN_ID}`;
    const forger = { ...operator, secretAccessKey: "not-the-secret" };
    const missing = problem(404, "certificate-not-found");
    expect(await api("GET", path, null, null)).toMatchObject({ status: 403 });
    expect(await api("GET", path, null, forger)).toMatchObject({ status: 403 });
    expect(await api("GET", path, null, reader)).toMatchObject(missing);
    for (const [method, place, body] of [
      ["DELETE", path, null],
      ["POST", "/sweeps", "{}"],
      ["PUT", "/elsewhere", null],
    ] as const) {
      expect(await api(method, place, body, reader)).toMatchObject({
        status: 403,
      });
    }
    task.meta.cases = 6;
  });

  it("starts a sweep by POST /sweeps, and sends its report", async () => {
    const { api } = scene;
    const before = ids();
    const { length: eligible } = await doomed();
    expect(await api("POST", "/sweeps", '{"dryRun": false}')).toMatchObject(
      problem(400, "invalid-request"),
    );
    const { status, body } = await api("POST", "/sweeps", '{"dryRun": true}');
    expect(status).toBe(202);
    expect(body).toMatchObject({ mode: "dry-run" });
    const { subject, text } = await scene.nextReport();
    expect(subject).toMatch(/^dry run: /);
    expect(text).toContain(`${String(eligible)} would be deleted`);
    const run = /^Run (\S+);/m.exec(text)?.[1] ?? "";
    expect(await scene.logOf("SweepLogGroup")).toContain(`runId: '${run}'`);
    // On AWS the same id; MiniStack answers Invoke with one request id and runs the function under another.
    expect(textAt(body, "runId")).toMatch(/^[0-9a-f-]{36}$/);
    expect(textAt(body, "runId")).not.toBe(run);
    expect(ids()).toEqual(before);
  });

  it("starts a sweep by the schedule, which deletes nothing as cdk.json ships it", async () => {
    const before = ids();
    const { subject } = await scene.fireSchedule();
    expect(subject).toMatch(/^dry run: /);
    expect(ids()).toEqual(before);
  });

  it("deletes exactly what the verdict names once dryRun is off", async ({
    task,
  }) => {
    const { stack } = scene;
    const secret = async (): Promise<string> =>
      textAt(
        await scene.call("secretsmanager", "GetSecretValue", {
          SecretId: stack.output("SecretName"),
        }),
        "SecretString",
      );
    const stored = await secret();
    await stack.update({ dryRun: false });
    // The deployment left the operator's key alone.
    expect(await secret()).toBe(stored);
    const before = ids();
    const condemned = await doomed();
    expect(condemned).not.toEqual([]);
    const { subject } = await scene.fireSchedule();
    expect(subject).toMatch(/^\d+ deleted/);
    expect(ids()).toEqual(before.filter((id) => !condemned.includes(id)));
    expect(await doomed()).toEqual([]);
    task.meta.cases = before.length;
  });

  it("goes on after a rotation of the key", async () => {
    const { api, live, putSecret } = scene;
    live.setCredentials([SECOND_KEY]);
    expect(await api("GET", "/certificates")).toMatchObject(
      problem(500, "credentials-rejected"),
    );
    await putSecret(SECOND_KEY);
    expect(await api("GET", "/certificates")).toMatchObject({ status: 200 });
  });

  it("keeps the record of a sweep that failed", async () => {
    const { api, live, stack } = scene;
    live.fault({
      ...{ kind: "total-lies", action: "ListDomainDetail" },
      ...{ times: 100, delta: 1 },
    });
    try {
      const { status } = await api("POST", "/sweeps", '{"dryRun": true}');
      expect(status).toBe(202);
      const record = await scene.nextMessage(stack.physicalId("FailedSweeps"));
      expect(record).toMatchObject({
        requestPayload: { dryRun: true },
        responsePayload: {
          errorMessage: expect.stringMatching(
            /^No sweep took place and nothing was deleted: ListDomainDetail /,
          ) as unknown,
        },
      });
    } finally {
      live.clearFaults();
    }
  });
});

/** Undefined where curl is missing or cannot sign. */
function curlVersion(): string | undefined {
  const curl = (...args: string[]): string => {
    const { stdout, error } = spawnSync("curl", args, { encoding: "utf8" });
    return error === undefined ? stdout : "";
  };
  return curl("--help", "all").includes("--aws-sigv4")
    ? /^curl (\S+)/.exec(curl("--version"))?.[1]
    : undefined;
}

const DRY = /"mode":"dry-run"/;
const KEY_TYPED = `${SECOND_KEY.accessKeyId}\n${SECOND_KEY.secretAccessKey}\n`;

/**
 * By heading, for each block of commands in turn: what its output has, or why it cannot run here. MiniStack applies no
 * filter to log lines; test/infra/alarms.test.ts does.
 */
const DOCUMENTED: Readonly<Record<string, readonly (RegExp | string)[]>> = {
  "Variables for the commands": [
    /^$/,
    "profiles and SSO need an account, and version 2 of the AWS CLI",
    /^$/,
    /^$/,
  ],
  "Switching it off, and on again": [
    /"ReservedConcurrentExecutions": 0[^]*"ReservedConcurrentExecutions": 0/,
    /^$/,
  ],
  "A certificate was deleted that should not have been": [/delete-attempt/],
  "After an alarm: first look": [
    /\tNo sweep has succeeded for at least 49 hours/,
    /sweep-summary/,
    DRY,
  ],
  "After an alarm: no successful sweep": [
    /ENABLED\tcron\(17 3 \* \* \? \*\)\tUTC/,
    DRY,
  ],
  "After an alarm: failed sweep": [/responsePayload/, DRY],
  "After an alarm: sweep not started": [/ERROR_MESSAGE[^]*no such role/, DRY],
  "After an alarm: too many": [/"certificates":/, DRY],
  "After an alarm: stopped early": [/sweep-summary/, DRY],
  "After an alarm: deletions failed": [/delete-outcome/, DRY],
  "After an alarm: expired in use": [/"reasons":\["in-use"/, DRY],
  "After an alarm: expiring in use": [/"expiring":true/, DRY],
  "After an alarm: report not sent": [/sweep-summary/, DRY],
  "After an alarm: API errors": [/event: 'request'/, /"certificates":/],
  "Setting it up": [
    /; a sweep would delete \d+ and keep \d+/,
    /"AWSCURRENT"/,
    DRY,
    /"ConcurrentExecutions"/,
  ],
  "Narrowed bootstrap policies": [/AWSLogDeliveryWrite20150319/],
  "A plan, and exactly that": ["test/api/plan.test.ts runs it"],
  "After a renewal": ["test/api/plan.test.ts runs it"],
  "Who may call the API": [
    /policy\/LiveCertJanitor-reader[^]*policy\/LiveCertJanitor-deleter/,
    /444455556666/,
  ],
  "Is mail delivered?": [/^$/, /:sqs:\S*:reports\t/],
  "Rotating the key": [/"AWSCURRENT"[^]*"mode":"dry-run"/],
  // The last of them takes away what the others look at.
  "Changing it": [/"AuthorizationType": "AWS_IAM"/, /"DeletionDate"/],
};

const curl = curlVersion();
party("curl --aws-sigv4", curl ?? "", ["python", "node24"], () => {
  if (curl === undefined) {
    it("is available", ({ skip }) => {
      skip("this machine has no curl with --aws-sigv4");
    });
  } else {
    signsCalls("curl --aws-sigv4", () => scene);
  }
});

party("awscurl", versionOf("awscurl"), ["python", "node24"], () => {
  signsCalls("awscurl", () => scene);
});

party("AWS CLI", versionOf("awscli"), ["python", "node24"], () => {
  /** Version 1, which PyPI has, goes to a name of its own for SQS unless it is told otherwise on the command line. */
  const AWS = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }';
  /** What the document's first block has set. */
  let variables: Readonly<Record<string, string>> = {};
  const own = () => ({
    AWS_ENDPOINT_URL: scene.stack.url,
    AWS_CA_BUNDLE: scene.stack.ca,
    CURL_CA_BUNDLE: scene.stack.ca,
    // MiniStack's own administrator.
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    // Of the preview alone: the vendor's host.
    VOLCENGINE_ENDPOINT: scene.live.url,
  });

  beforeAll(async () => {
    const { live, stack, call, api, putSecret } = scene;
    live.setCredentials([SECOND_KEY]);
    await putSecret(SECOND_KEY);
    // Every sweep dry: after a real one the API starts none for a quarter of an hour.
    await stack.update({});
    const [setUp = "", , definition = ""] = blocksOf(
      "Variables for the commands",
    );
    const set = await runInShell(
      [setUp, definition, "export -f lines call", "env -0"],
      own(),
    );
    variables = {
      ...Object.fromEntries(
        set
          .split("\0")
          .filter((entry) => entry.includes("="))
          .map((entry) => [
            entry.slice(0, entry.indexOf("=")),
            entry.slice(entry.indexOf("=") + 1),
          ]),
      ),
      // MiniStack's own addresses of APIs lead nowhere.
      ApiUrl: `${stack.url}${scene.apiPath}`,
    };
    // Something to look at: a sweep that failed, one that never started, and an alarm.
    live.fault({
      ...{ kind: "total-lies", action: "ListDomainDetail" },
      ...{ times: 100, delta: 1 },
    });
    try {
      await api("POST", "/sweeps", '{"dryRun": true}');
      await eventually("the record of a failed sweep", async () => {
        const queue = await call("sqs", "GetQueueAttributes", {
          QueueUrl: stack.physicalId("FailedSweeps"),
          AttributeNames: ["ApproximateNumberOfMessages"],
        });
        const waiting = at(queue, "Attributes", "ApproximateNumberOfMessages");
        return waiting === "0" ? undefined : waiting;
      });
    } finally {
      live.clearFaults();
    }
    await call("sqs", "SendMessage", {
      QueueUrl: stack.output("ScheduleQueueUrl"),
      MessageBody: "{}",
      MessageAttributes: {
        ERROR_MESSAGE: { DataType: "String", StringValue: "no such role" },
      },
    });
    const [ring = ""] = blocksOf("Is mail delivered?");
    await runInShell([AWS, ring], variables);
  });

  it("runs every command of the document as it is printed, but those that need a real account", async ({
    task,
  }) => {
    const places = new Map<string, number>();
    let ran = 0;
    for (const { heading, commands } of BLOCKS) {
      const place = places.get(heading) ?? 0;
      places.set(heading, place + 1);
      const expected = DOCUMENTED[heading]?.[place];
      if (expected === undefined) {
        throw new Error(`what does block ${String(place)} of "${heading}" do?`);
      }
      if (typeof expected === "string") continue;
      const output = await runInShell([AWS, commands], variables, KEY_TYPED);
      expect(output, `${heading}: ${commands}`).toMatch(expected);
      ran += 1;
    }
    expect(Object.fromEntries(places)).toEqual(
      Object.fromEntries(
        Object.entries(DOCUMENTED).map(([heading, { length }]) => [
          heading,
          length,
        ]),
      ),
    );
    task.meta.cases = ran;
  });

  it("gave the document's policies to callers, who may what they say and no more", async ({
    task,
  }) => {
    const { api, call } = scene;
    const caller = async (policy: string) => {
      const UserName = `${policy} by the document`.replaceAll(" ", "-");
      await call("iam", "CreateUser", { UserName });
      await call("iam", "AttachUserPolicy", {
        UserName,
        PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/LiveCertJanitor-${policy}`,
      });
      const made = await call("iam", "CreateAccessKey", { UserName });
      return {
        accessKeyId: textAt(made, "AccessKey", "AccessKeyId"),
        secretAccessKey: textAt(made, "AccessKey", "SecretAccessKey"),
      };
    };
    const [reader, deleter] = [await caller("reader"), await caller("deleter")];
    const one = `/certificates/${UNKNOWN_ID}`;
    const cases = [
      ["GET", "/openapi.json", null, true, true],
      ["DELETE", one, null, false, true],
      ["POST", "/sweeps", "[]", false, true],
      ["PUT", one, null, false, false],
    ] as const;
    for (const [method, path, body, mayRead, mayDelete] of cases) {
      for (const [who, may] of [
        [reader, mayRead],
        [deleter, mayDelete],
      ] as const) {
        const { status } = await api(method, path, body, who);
        expect([method, path, status === 403]).toEqual([method, path, !may]);
      }
    }
    task.meta.cases = 2 * cases.length;
  });
});
