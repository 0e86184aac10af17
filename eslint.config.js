// The import arrows of the design, and strict rules for everything.
import tseslint from "typescript-eslint";

const only = (regex, message) => ({
  "no-restricted-imports": ["error", { patterns: [{ regex, message }] }],
});

/** Clocks, chance and environment are passed in. */
const passedIn = {
  "no-restricted-globals": [
    "error",
    ...["process", "performance", "setTimeout", "setInterval", "fetch"].map(
      (name) => ({ name, message: "Take it from the host, as an argument." }),
    ),
  ],
  "no-restricted-properties": [
    "error",
    { object: "Date", property: "now", message: "Take a Clock." },
    { object: "Math", property: "random", message: "Take a random function." },
  ],
  "no-restricted-syntax": [
    "error",
    {
      selector: "NewExpression[callee.name='Date'][arguments.length=0]",
      message: "Take a Clock.",
    },
  ],
};

export default tseslint.config(
  {
    ignores: [
      "node_modules/",
      "cdk.out/",
      "coverage/",
      ".cache/",
      "reports/",
      ".stryker-tmp/",
    ],
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true },
    },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      eqeqeq: "error",
    },
  },
  {
    files: ["functions/janitor/**"],
    rules: {
      ...passedIn,
      ...only(
        "^(?!\\./[^/]+\\.ts$|node:url$)",
        "The rules import nothing outside functions/janitor, but the spelling of domains.",
      ),
    },
  },
  {
    files: ["functions/volcengine/**"],
    rules: {
      ...passedIn,
      ...only(
        "^(?!\\./[^/]+\\.ts$|\\.\\./janitor/|node:|undici(/lib/.+)?$)",
        "The vendor's side imports functions/janitor, undici and Node only.",
      ),
    },
  },
  {
    files: ["functions/aws/**"],
    rules: only(
      "^(?!\\./[^/]+\\.ts$|\\.\\./janitor/|node:|@aws-sdk/)",
      "The host's side imports functions/janitor and the AWS SDK only.",
    ),
  },
  {
    files: ["functions/*.ts"],
    rules: only(
      "(^|/)(infra|test)/|^aws-cdk|^constructs$",
      "The functions know neither infrastructure nor tests.",
    ),
  },
  {
    files: ["infra/*.ts"],
    rules: only(
      "(^|/)(functions|test|local)/",
      "The stack imports neither the functions, the local parts nor tests.",
    ),
  },
  {
    files: ["infra/local/**"],
    rules: only(
      "(^|/)test/|^aws-cdk|^constructs$",
      "The local parts import neither the CDK nor tests.",
    ),
  },
  {
    files: ["infra/local/live-emulator/**"],
    rules: only(
      "(^|/)(functions|test)/|^aws-cdk|^constructs$",
      "An emulator that shares code with the client agrees with its errors.",
    ),
  },
  {
    files: ["test/**"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
