/**
 * A vendor that costs nothing, in a process of its own: it answers each action with the same text, looks at no
 * signature and changes nothing, so that what is measured is the client.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { DAY } from "../simulation/account.ts";

export interface VendorOptions {
  /** With one it speaks TLS. */
  readonly identity?: { readonly key: string; readonly cert: string };
  /** Milliseconds before each answer: from, to. */
  readonly latencyMs: readonly [number, number];
}

export interface Vendor {
  readonly origin: URL;
  /** Connections accepted so far. */
  connections(): Promise<number>;
  close(): void;
}

const CERTIFICATES = 100;
const DOMAINS = 10;

export function chainIdOf(n: number): string {
  return n.toString(16).padStart(32, "c");
}

/** Half of them expired two months ago, and are unused. */
function certificateOf(n: number): object {
  const expired = n % 2 === 0;
  const notAfter = Date.now() + (expired ? -60 : 60) * DAY;
  return {
    ChainID: chainIdOf(n),
    ChainIDVolc: n.toString(16).padStart(32, "d"),
    CertID: String(8_120_000 + n),
    CertName: `certificate ${String(n)}`,
    CertDomainList: [`d${String(n)}.example.com`, "*.example.com"],
    NotBefore: new Date(notAfter - 90 * DAY).toISOString(),
    NotAfter: new Date(notAfter).toISOString(),
    Status: expired ? "Expire" : "OK",
    ProjectName: "default",
  };
}

function resultOf(action: string | null, body: string): object | undefined {
  if (action === "ListDomainDetail") {
    const DomainList = Array.from({ length: DOMAINS }, (_, n) => ({
      Domain: `live${String(n)}.example.com`,
      ChainID: chainIdOf(2 * n + 1),
      CertDomain: "",
      Status: 0,
    }));
    return { DomainList, Total: DOMAINS };
  }
  if (action !== "ListCertV2") return undefined;
  const expiring = body.includes('"Expiring":true');
  const CertList = body.includes('"Available":true')
    ? Array.from({ length: CERTIFICATES }, (_, n) => n)
        .filter((n) => (n % 2 === 0) === expiring)
        .map(certificateOf)
    : [];
  return { CertList, Total: CertList.length };
}

/** Starts one on a free port of 127.0.0.1. */
export async function startVendor(options: VendorOptions): Promise<Vendor> {
  const child = fork(import.meta.filename, [JSON.stringify(options)]);
  const [port] = (await once(child, "message")) as [number];
  return {
    origin: new URL(
      `${options.identity === undefined ? "http" : "https"}://localhost:${String(port)}`,
    ),
    async connections() {
      child.send("connections");
      const [count] = (await once(child, "message")) as [number];
      return count;
    },
    close: () => child.kill(),
  };
}

function serve({ identity, latencyMs: [from, to] }: VendorOptions): void {
  let connections = 0;
  let spread = 0;
  const answers = new Map<string, string>();
  const listener: http.RequestListener = (request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const action = new URL(
        request.url ?? "/",
        "http://localhost",
      ).searchParams.get("Action");
      const key = `${action ?? ""} ${action === "ListCertV2" ? body : ""}`;
      const answer =
        answers.get(key) ??
        JSON.stringify({
          ResponseMetadata: {
            RequestId: "20261124000000000000000000000001",
            Action: action,
            Version: "2023-01-01",
            Service: "live",
            Region: "cn-north-1",
          },
          Result: resultOf(action, body),
        });
      answers.set(key, answer);
      const send = (): void => {
        response.writeHead(200, {
          "content-type": "application/json; charset=utf-8",
          "content-length": Buffer.byteLength(answer),
        });
        response.end(answer);
      };
      // The golden ratio spreads them evenly, the same in every run.
      spread = (spread + 0.618034) % 1;
      const wait = from + (to - from) * spread;
      if (wait > 0) setTimeout(send, wait);
      else send();
    });
  };
  const server =
    identity === undefined
      ? http.createServer(listener)
      : https.createServer(identity, listener);
  server.keepAliveTimeout = 60_000;
  server.on("connection", () => (connections += 1));
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.(typeof address === "object" ? address?.port : 0);
  });
  process.on("message", () => process.send?.(connections));
  process.on("disconnect", () => process.exit());
}

if (process.argv[1] === import.meta.filename) {
  serve(JSON.parse(process.argv[2] ?? "") as VendorOptions);
}
