/** Other people's programs that sign calls of the API with the document's commands, and what they send on the way. */
import { readFileSync } from "node:fs";
import { request as send } from "node:https";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  readBody,
  startLoopbackServer,
  type LoopbackServer,
} from "../../infra/local/loopback-server.ts";
import { blocksOf, runInShell } from "./deploy-document.ts";
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

/** The document's definition of `call` with one of the programs. */
function definitionWith(program: string): string {
  const word = new RegExp(`^ +${program.replace(/ .*$/, "")} `, "m");
  const found = blocksOf("Variables for the commands").filter(
    (commands) => commands.startsWith("call() {") && word.test(commands),
  );
  const [definition] = found;
  if (definition === undefined || found.length > 1) {
    throw new Error(`${program} is not exactly once in the document`);
  }
  return definition;
}

/** The document's first dry run, as it stands. */
const DRY_RUN = `call POST "$ApiUrl/sweeps" -d '{"dryRun": true}'`;

/** What a program of other people must be able to do with the document's command, and must be refused. */
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
    const output = await runInShell([definitionWith(program), line], {
      ApiUrl: `${witness.url}${apiPath}`,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: caller.accessKeyId,
      AWS_SECRET_ACCESS_KEY: caller.secretAccessKey,
      ...(caller.sessionToken === undefined
        ? {}
        : { AWS_SESSION_TOKEN: caller.sessionToken }),
    });
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

  it("starts a sweep with the document's command, for users and for temporary keys", async ({
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
    expect(blocksOf("Setting it up")).toContain(DRY_RUN);
    for (const caller of [operator, temporary]) {
      const { status, output, sent, computed, headers } = await run(
        DRY_RUN,
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
        `call ${method} "$ApiUrl${path}"`,
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
    const line = `call DELETE "$ApiUrl${path}"`;
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
