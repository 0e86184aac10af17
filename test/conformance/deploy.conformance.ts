/**
 * The deployed stack on an AWS that nobody here wrote: its template is taken whole by MiniStack's CloudFormation, its
 * functions run in MiniStack's Lambda with what their roles allow, and other people's programs sign the calls.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { object } from "../infra/synthesize.ts";
import { isInstalled, toolPath, versionOf } from "../support/tools.ts";
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

// ../infra/synthesize.ts set shorter ones.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

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
    expect(await api("GET", "/certificates")).toMatchObject(
      problem(500, "credentials-rejected"),
    );
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
    await scene.fireSchedule();
    const { subject } = await scene.nextReport();
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
    await scene.fireSchedule();
    const { subject } = await scene.nextReport();
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
    const { status } = await api("POST", "/sweeps", '{"dryRun": true}');
    expect(status).toBe(202);
    const record = await scene.nextMessage(stack.physicalId("FailedSweeps"));
    live.clearFaults();
    expect(record).toMatchObject({
      requestPayload: { dryRun: true },
      responsePayload: {
        errorMessage: expect.stringMatching(
          /^No sweep took place and nothing was deleted: ListDomainDetail /,
        ) as unknown,
      },
    });
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
