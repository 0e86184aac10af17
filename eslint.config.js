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
    files: ["functions/contract/**"],
    rules: {
      ...passedIn,
      ...only(
        "^(?!\\./[^/]+\\.ts$)",
        "What both sides of the deployment read imports nothing.",
      ),
    },
  },
  {
    files: ["functions/janitor/**"],
    rules: {
      ...passedIn,
      ...only(
        "^(?!\\./[^/]+\\.ts$|\\.\\./contract/|node:url$)",
        "The rules import functions/contract alone, and the spelling of domains.",
      ),
    },
  },
  {
    files: ["functions/volcengine/**"],
    rules: {
      ...passedIn,
      ...only(
        "^(?!\\./[^/]+\\.ts$|\\.\\./(contract|janitor)/|node:|undici(/lib/.+)?$)",
        "The vendor's side imports the contract, the rules, undici and Node only.",
      ),
    },
  },
  {
    files: ["functions/host/**"],
    rules: only(
      "^(?!\\./[^/]+\\.ts$|\\.\\./(contract|janitor|volcengine)/|node:|@aws-sdk/)",
      "The host knows the contract, the rules, the vendor's side and the AWS SDK, and no HTTP.",
    ),
  },
  {
    files: ["functions/http/**"],
    rules: only(
      "^(?!\\./[^/]+\\.(ts|json)$|\\.\\./(contract|janitor|host)/|node:|@aws-sdk/)",
      "The API knows the contract, the rules and the host, and nothing of the vendor's wire.",
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
    files: ["infra/*.ts", "infra/settings/**", "infra/constructs/**"],
    rules: only(
      "(^|/)(functions/(?!contract/)|test/|local/)",
      "Of the functions the stack imports functions/contract alone; and neither the local parts nor tests.",
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
