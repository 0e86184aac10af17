/**
 * Preloaded into AWS's runtime interface client in place of its native module, which is curl: the same calls by plain
 * HTTP. Asking for the next invocation is left to its own other way, AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1.
 */
import { request } from "node:http";
import { registerHooks } from "node:module";

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "./rapid-client.node"
      ? {
          url: import.meta.url,
          format: "module-typescript",
          shortCircuit: true,
        }
      : next(specifier, context),
});

function post(path: string, body: string, headers = {}): void {
  const url = `http://${process.env["AWS_LAMBDA_RUNTIME_API"] ?? ""}/2018-06-01/runtime/invocation/${path}`;
  const length = String(Buffer.byteLength(body));
  request(url, {
    method: "POST",
    agent: false,
    headers: {
      "content-type": "application/json",
      "content-length": length,
      ...headers,
    },
  })
    .on("response", (response) => response.resume())
    .end(body);
}

/** @public */
export function next(): never {
  throw new Error("the alternative client asks for invocations");
}

/** @public */
export function done(id: string, body: string): void {
  post(`${id}/response`, body);
}

/** @public */
export function error(id: string, body: string, xray: string): void {
  post(`${id}/error`, body, {
    "lambda-runtime-function-xray-error-cause": xray,
  });
}
