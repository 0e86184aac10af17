import { ESLint } from "eslint";
import tseslint from "typescript-eslint";
import { describe, expect, it } from "vitest";

/** The arrows need no types, and without them a line is checked in milliseconds. */
const eslint = new ESLint({
  overrideConfig: tseslint.configs.disableTypeChecked,
});

/** The rules that a line would break if it stood in a file of the project. */
async function broken(file: string, line: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${line}\n`, { filePath: file });
  return (result?.messages ?? []).map(({ ruleId }) => ruleId ?? "parsing");
}

const IMPORT = "no-restricted-imports";

describe("the import arrows", () => {
  it.each([
    ["functions/janitor/verdict.ts", "../volcengine/errors.ts"],
    ["functions/janitor/verdict.ts", "../host/clock.ts"],
    ["functions/janitor/verdict.ts", "node:fs"],
    ["functions/janitor/verdict.ts", "undici"],
    ["functions/volcengine/errors.ts", "../host/clock.ts"],
    ["functions/volcengine/errors.ts", "@aws-sdk/client-secrets-manager"],
    ["functions/contract/reasons.ts", "../janitor/verdict.ts"],
    ["functions/http/handler.ts", "../volcengine/errors.ts"],
    ["functions/host/clock.ts", "../http/problem.ts"],
    ["functions/host/clock.ts", "aws-cdk-lib"],
    ["functions/host/clock.ts", "undici"],
    ["functions/host/host.ts", "../infra/local/table.ts"],
    ["functions/host/host.ts", "../../test/world/clock.ts"],
    ["functions/expired-sweep.ts", "../test/world/clock.ts"],
    ["functions/certificates-api.ts", "../infra/local/table.ts"],
    ["infra/constructs/api.ts", "../../test/world/clock.ts"],
    ["infra/constructs/api.ts", "../local/table.ts"],
    ["infra/app.ts", "../functions/host/host.ts"],
    ["infra/constructs/api.ts", "../../functions/http/handler.ts"],
    ["infra/local/table.ts", "aws-cdk-lib"],
    ["infra/local/table.ts", "../../test/world/clock.ts"],
    ["infra/local/live-emulator/server.ts", "../../../functions/host/host.ts"],
  ])("%s may not import %s", async (file, specifier) => {
    expect(await broken(file, `import "${specifier}";`)).toContain(IMPORT);
  });

  it.each([
    ["functions/janitor/verdict.ts", "./certificate.ts"],
    ["functions/volcengine/errors.ts", "../janitor/ports.ts"],
    ["functions/host/clock.ts", "../janitor/ports.ts"],
    ["functions/host/host.ts", "./clock.ts"],
    ["infra/app.ts", "./settings/config.ts"],
    ["infra/constructs/api.ts", "../../functions/contract/routes.ts"],
    ["functions/janitor/verdict.ts", "../contract/reasons.ts"],
    ["infra/local/table.ts", "../../functions/host/host.ts"],
  ])("%s may import %s", async (file, specifier) => {
    expect(await broken(file, `import "${specifier}";`)).not.toContain(IMPORT);
  });

  it.each([
    ["Date.now();", "no-restricted-properties"],
    ["Math.random();", "no-restricted-properties"],
    ["new Date();", "no-restricted-syntax"],
    ["process.exit();", "no-restricted-globals"],
    ["setTimeout(() => undefined, 1);", "no-restricted-globals"],
  ])("the rules and the client may not reach for %s", async (line, rule) => {
    expect(await broken("functions/janitor/verdict.ts", line)).toContain(rule);
    expect(await broken("functions/volcengine/errors.ts", line)).toContain(
      rule,
    );
  });
});
