/** Other people's programs that sign calls of the API with the README's commands, and what they send on the way. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { request as send } from "node:https";
import { dirname, delimiter, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  readBody,
  startLoopbackServer,
  type LoopbackServer,
} from "../../infra/local/loopback-server.ts";
import { ROOT } from "../infra/synthesize.ts";
import { toolPath } from "../support/tools.ts";
import { FIRST_KEY, UNKNOWN_ID, type Scene } from "./deploy-scene.ts";
import { REGION, textAt, type Botocore, type Caller } from "./deploy-stack.ts";

const MAX_BYTES = 64 * 1024;

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
  readonly answer: string;
}

interface Witness extends LoopbackServer {
  /** What went through since the last call. */
  take(): readonly Seen[];
}

/** Passes requests on as they come, their Host header too, and remembers them. */
async function startWitness(target: string, caFile: string): Promise<Witness> {
  const ca = readFileSync(caFile);
  let seen: Seen[] = [];
  const server = await startLoopbackServer(0, (request, response) => {
    const { method = "", url: path = "" } = request;
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        String(value),
      ]),
    );
    const pass = async (): Promise<void> => {
      const body = await readBody(request, MAX_BYTES);
      const { status, answer } = await forward(body);
      seen.push({
        ...{ method, path, headers, status },
        body: body.toString(),
        answer: answer.toString(),
      });
      response.writeHead(status).end(answer);
    };
    const forward = (body: Buffer) =>
      new Promise<{ status: number; answer: Buffer }>((resolve, reject) => {
        send(new URL(path, target), { method, headers, ca }, (answer) => {
          buffer(answer).then((bytes) => {
            resolve({ status: answer.statusCode ?? 0, answer: bytes });
          }, reject);
        })
          .on("error", reject)
          .end(body);
      });
    pass().catch(() => response.destroy());
  });
  return {
    ...server,
    take() {
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

/** The authorization header that was sent, and the one that API Gateway would compute in botocore's opinion. */
async function signatures(
  botocore: Botocore,
  { method, path, headers, body }: Seen,
  caller: Caller,
): Promise<{ readonly sent: string; readonly computed: unknown }> {
  const sent = (headers["authorization"] ?? "").replace(/,\s*/g, ", ");
  const signed = /SignedHeaders=([^,]*)/.exec(sent)?.[1]?.split(";") ?? [];
  const computed = await botocore.ask("signature", {
    ...{ method, headers, body, signed },
    url: `http://${headers["host"] ?? ""}${path}`,
    credentials: caller,
  });
  return { sent, computed };
}

/** How the README calls the API of a deployed stack with one of the programs; its other examples follow `npm start`. */
function readmeCommand(program: string): string {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const commands = readme
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith(`${program} `));
  const [command] = commands;
  if (command === undefined || commands.length > 1) {
    throw new Error(`${program} is not exactly once in the README`);
  }
  return command;
}

/** Runs a line of shell as somebody with that key would; gives its output. */
function runInShell(
  line: string,
  api: string,
  caller: Caller,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      "bash",
      ["-c", line],
      {
        env: {
          PATH: [dirname(toolPath("python")), "/usr/bin", "/bin"].join(
            delimiter,
          ),
          // No key of anybody else.
          HOME: "/nonexistent",
          API: api,
          AWS_REGION: REGION,
          AWS_ACCESS_KEY_ID: caller.accessKeyId,
          AWS_SECRET_ACCESS_KEY: caller.secretAccessKey,
          ...(caller.sessionToken === undefined
            ? {}
            : { AWS_SESSION_TOKEN: caller.sessionToken }),
        },
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${line}: ${stderr}`, { cause: error }));
      },
    );
  });
}

/** The README's command as it stands: it starts a dry run. */
const SWEEP =
  / (?:-X POST )?-H 'content-type: [^']*' -d '[^']*' "\$API\/sweeps"$/;

/** That command with another call in place of its own, the signing untouched. */
function commandFor(program: string, method: string, path: string): string {
  const command = readmeCommand(program);
  if (!SWEEP.test(command)) throw new Error(`not as expected: ${command}`);
  return command.replace(SWEEP, () => ` -X ${method} "$API${path}"`);
}

/** What a program of other people must be able to do with the README's command, and must be refused. */
export function signsCalls(program: string, scene: () => Scene): void {
  let witness: Witness;

  beforeAll(async () => {
    const { live, stack, putSecret } = scene();
    live.setCredentials([FIRST_KEY]);
    await putSecret(FIRST_KEY);
    witness = await startWitness(stack.url, stack.ca);
  });
  afterAll(() => witness.close());

  /** Runs it; gives the one request that it sent and both opinions of its signature. */
  async function run(line: string, caller: Caller) {
    const { stack, apiPath } = scene();
    const output = await runInShell(line, `${witness.url}${apiPath}`, caller);
    const [seen, ...more] = witness.take();
    if (seen === undefined || more.length > 0) {
      throw new Error(`not one request: ${line}`);
    }
    return {
      ...seen,
      output,
      ...(await signatures(stack.botocore, seen, caller)),
    };
  }

  it("starts a sweep with the README's command, for users and for temporary keys", async ({
    task,
  }) => {
    const { stack, operator } = scene();
    const { call } = stack.botocore;
    const token = await call("sts", "GetSessionToken", {}, operator);
    const temporary = {
      accessKeyId: textAt(token, "Credentials", "AccessKeyId"),
      secretAccessKey: textAt(token, "Credentials", "SecretAccessKey"),
      sessionToken: textAt(token, "Credentials", "SessionToken"),
    };
    for (const caller of [operator, temporary]) {
      const { status, output, sent, computed, headers } = await run(
        readmeCommand(program),
        caller,
      );
      expect(output).toContain('"mode":"dry-run"');
      expect(status).toBe(202);
      expect(sent).toBe(computed);
      expect(sent).toContain(`/${REGION}/execute-api/aws4_request,`);
      expect(headers["x-amz-security-token"]).toBe(caller.sessionToken);
    }
    task.meta.cases = 2;
  });

  it("makes the other calls signed the same way", async ({ task }) => {
    const { live, operator } = scene();
    const bound = live.account.domains[0]?.chainId ?? "";
    // Query parameters in alphabetical order: curl 7.88 signs them as they are given, without sorting them.
    const cases = [
      ["GET", "/certificates", 200, '"counts"'],
      ["GET", "/openapi.json", 200, '"openapi"'],
      ["GET", `/certificates/${bound}`, 200, '"boundDomains"'],
      ["DELETE", `/certificates/${bound}`, 409, "certificate-in-use"],
      [
        "DELETE",
        `/certificates/${bound}?dryRun=true&force=true`,
        200,
        "wouldDelete",
      ],
      ["DELETE", `/certificates/${UNKNOWN_ID}`, 404, "certificate-not-found"],
      ["DELETE", "/certificates/4060", 400, "invalid-request"],
    ] as const;
    for (const [method, path, wanted, part] of cases) {
      const { status, output, sent, computed } = await run(
        commandFor(program, method, path),
        operator,
      );
      expect(output, `${method} ${path}`).toContain(part);
      expect(status).toBe(wanted);
      expect(sent, `${method} ${path}`).toBe(computed);
    }
    task.meta.cases = cases.length;
  });

  it("is refused with a wrong key, and without permission", async ({
    task,
  }) => {
    const { stack, operator, reader } = scene();
    const path = `/certificates/${UNKNOWN_ID}`;
    const line = commandFor(program, "DELETE", path);
    const forger = { ...operator, secretAccessKey: "not-the-secret" };
    const forged = await run(line, forger);
    expect(forged.status).toBe(403);
    const { computed } = await signatures(stack.botocore, forged, operator);
    expect(forged.sent).not.toBe(computed);
    // Right, but of somebody who may only read.
    const { status, sent, computed: right } = await run(line, reader);
    expect(status).toBe(403);
    expect(sent).toBe(right);
    task.meta.cases = 2;
  });
}
