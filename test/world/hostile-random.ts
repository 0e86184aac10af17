/** Random events, each with at least one thing wrong. */
import fc from "fast-check";
import { DELETE, GET_ONE, httpEvent, LIST, SWEEP } from "./hostile-events.ts";

/** Whatever JavaScript can hold. */
export const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  maxDepth: 3,
});

export const anyText = fc.string({ unit: "binary", maxLength: 60 });

/** No key of a sweep's payload. */
export const strangeKey = anyText.filter(
  (key) => !["dryRun", "graceDays", "maxDeletions"].includes(key),
);

/** In each of these at least one thing is wrong, whatever the rest. */
const wrong = fc.oneof(
  fc.record({
    route: fc.constantFrom(DELETE, GET_ONE),
    over: fc.record({
      pathParameters: fc.record({
        chainId: fc
          .oneof(anyText, fc.stringMatching(/^[0-9a-fA-F]{31,33}$/), anything)
          .filter(
            (id) => typeof id !== "string" || !/^[0-9a-f]{32}$/i.test(id),
          ),
      }),
    }),
  }),
  fc.record({
    route: fc.constantFrom(DELETE, GET_ONE, LIST, SWEEP, "GET /openapi.json"),
    over: fc.record({
      queryStringParameters: fc.dictionary(
        anyText.filter(
          (name) =>
            ![
              "force",
              "dryRun",
              "verdict",
              "state",
              "limit",
              "cursor",
            ].includes(name),
        ),
        anyText,
        { minKeys: 1, maxKeys: 5 },
      ),
    }),
  }),
  fc.record({
    route: fc.constant(LIST),
    over: fc.record({
      queryStringParameters: fc.record({
        limit: anyText.filter((text) => !/^([1-9]\d{0,2}|1000)$/.test(text)),
      }),
    }),
  }),
  fc.record({
    route: fc.constant(SWEEP),
    over: fc.record({
      body: fc.oneof(
        anyText.filter((text) => text.trim() !== "{}"),
        fc
          .dictionary(strangeKey, fc.jsonValue(), { minKeys: 1, maxKeys: 5 })
          .map((payload) => JSON.stringify(payload)),
      ),
    }),
  }),
  fc.record({
    route: fc.constantFrom(DELETE, LIST),
    over: fc.record({
      version: anything.filter((version) => version !== "2.0"),
    }),
  }),
  fc.record({
    route: anyText.map((text) => `$default ${text}`),
    over: fc.constant({}),
  }),
);

const noise = fc.record(
  {
    headers: anything,
    cookies: anything,
    rawQueryString: anyText,
    stageVariables: anything,
    isBase64Encoded: fc.constant(false),
    requestContext: fc.oneof(
      anything,
      fc.record({
        requestId: fc.oneof(anyText, anything),
        http: fc.record({ method: fc.oneof(anyText, anything) }),
        authorizer: anything,
      }),
    ),
  },
  { requiredKeys: [] },
);

export const hostileEvent = fc.oneof(
  { weight: 1, arbitrary: anything },
  {
    weight: 4,
    arbitrary: fc
      .tuple(wrong, noise)
      .map(([{ route, over }, also]) => httpEvent(route, { ...also, ...over })),
  },
);
