/**
 * The vendor's own SDKs for Node, Python and Go against the emulator. Whatever they see is what our client sees, and what
 * the vendor's pages say: so neither the emulator nor our client is right only in the eyes of the other.
 */
import { comparable } from "../../functions/janitor/domain.ts";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type {
  EmulatedCertificate,
  EmulatedDomain,
} from "../../infra/local/live-emulator/account.ts";
import { isObject } from "../../functions/contract/parsers.ts";
import manifest from "../../package.json" with { type: "json" };
import {
  certificateOf,
  daysFromNow,
  domainOf,
  KEY,
} from "../world/official-client.ts";
import { versionOf, type ToolName } from "./tools.ts";
import {
  callOurs,
  observe,
  readAsOurs,
  startGo,
  startNode,
  startPython,
  type Client,
  type Command,
} from "./official-clients-drivers.ts";
import {
  CERTIFICATE,
  inWorld,
  meet,
  SESSION_KEY,
  SITUATIONS,
  type Exchange,
  type Situation,
} from "./official-clients-situations.ts";
import { party } from "./party.ts";

interface Sdk {
  readonly name: string;
  readonly version: string;
  readonly tools: readonly ToolName[];
  readonly start: () => Client;
  /** Whether it takes such an answer for a failure. */
  readonly fails: (situation: Situation) => boolean;
  /** Its requests and answers have types, so it can neither send nor show what these do not name. */
  readonly typed: boolean;
  /** It calls again where the HTTP status asks for it. */
  readonly repeats: boolean;
  readonly signs: readonly string[];
}

const SIGNED = ["content-type", "host", "x-content-sha256", "x-date"];

const SDKS: readonly Sdk[] = [
  {
    name: "Node client @volcengine/openapi",
    version: manifest.devDependencies["@volcengine/openapi"],
    tools: [],
    start: startNode,
    fails: ({ status }) => status === 0,
    typed: false,
    repeats: false,
    signs: ["x-content-sha256", "x-date"],
  },
  {
    name: "Python client volcengine",
    version: versionOf("volcengine"),
    tools: ["python"],
    start: startPython,
    fails: ({ status }) => status !== 200,
    typed: false,
    repeats: false,
    signs: SIGNED,
  },
  {
    name: "Go client volc-sdk-golang",
    version:
      /volc-sdk-golang v(\S+)/.exec(
        readFileSync(`${import.meta.dirname}/go-client/go.mod`, "utf8"),
      )?.[1] ?? "unknown",
    tools: ["go"],
    start: startGo,
    fails: ({ status, codeN = 0 }) => status !== 200 || codeN !== 0,
    typed: true,
    repeats: true,
    signs: SIGNED,
  },
];

/** The vendor's pages advise to call again, though the HTTP status does not ask for it: so we do, and the SDKs do not. */
const ADVISED = ["CommonErr", "InvalidTimestamp", "FlowLimitExceeded"];

/** Texts that JSON writers treat differently: Python escapes all but ASCII, Go what HTML would take. */
const NAMES = [
  "证书",
  "🔒 ünï",
  `<a href="x">&amp;</a>`,
  "line\u2028separator",
  'back\\slash "and" tab\t',
];

const nameOf = (n: number): string => `${NAMES[n % 5] ?? ""} ${String(n)}`;

interface Listed extends EmulatedCertificate {
  readonly status: string;
}

function certificates(
  from: number,
  count: number,
  given: (n: number) => Partial<Listed>,
): Listed[] {
  return Array.from({ length: count }, (_, index) => {
    const n = from + index;
    return {
      ...certificateOf(n),
      name: nameOf(n),
      status: "Expire",
      domains:
        n % 4 === 0 ? [] : [`${String(n)}.example.com`, "直播.example.cn"],
      projectName: n % 3 === 0 ? "默认" : "default",
      ...given(n),
    };
  });
}

const LIVES = [
  [0.5, "1days"],
  [6, "7days"],
  [14, "15days"],
  [29, "30days"],
  [99, "OK"],
] as const;

/** More expired ones than two pages of our own, a multiple of the SDKs' page, some, and none. */
const LISTED = [
  ...certificates(0x1000, 205, () => ({})),
  ...certificates(0x2000, 21, () => ({ available: false })),
  ...LIVES.flatMap(([days, status], n) =>
    certificates(0x3000 + 2 * n, 2, () => ({
      notAfter: daysFromNow(days),
      status,
    })),
  ),
];

const DOMAINS: readonly EmulatedDomain[] = Array.from(
  { length: 23 },
  (_, n) => ({
    ...domainOf(
      n % 6 === 0
        ? `直播${String(n)}.example.com`
        : `P${String(n)}.Example.com`,
    ),
    type: n % 2 === 0 ? "push" : "pull-flv",
    region: n % 3 === 0 ? "cn" : "cn-oversea",
    chainId: ["", "21614", certificateOf(n).chainId.toUpperCase()][n % 3] ?? "",
    certDomain: n % 3 === 0 ? "" : "*.example.com",
    status: n % 7,
    http2: n % 4 === 0,
    projectName: n % 5 === 0 ? "默认" : "default",
  }),
);
const ACCOUNT = {
  account: { certificates: LISTED, domains: DOMAINS },
  switches: { perSecond: null },
};
const PAGE = 7;

const EXPIRED = { Available: true, Expiring: true };

/** As the page of ListCertV2 shows a certificate. */
function itemOf(one: Listed): Readonly<Record<string, unknown>> {
  return {
    ChainID: one.chainId,
    CertID: one.certId,
    ChainIDVolc: one.chainIdVolc,
    CertName: one.name,
    CertDomainList: one.domains,
    NotBefore: one.notBefore,
    NotAfter: one.notAfter,
    CreateTime: one.createTime,
    ProjectName: one.projectName,
    Status: one.status,
  };
}

/** As the page of ListDomainDetail shows a domain. */
function domainItemOf(one: EmulatedDomain): Readonly<Record<string, unknown>> {
  return {
    Domain: one.domain,
    Vhost: one.domain,
    Type: one.type,
    Region: one.region,
    CNAME: expect.any(String),
    PushDomain: expect.any(String),
    CreateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/),
    ChainID: one.chainId,
    CertDomain: one.certDomain,
    HTTP2: one.http2,
    CnameCheck: expect.any(Number),
    DomainCheck: expect.any(Number),
    ICPCheck: expect.any(Number),
    Status: one.status,
    ProjectName: one.projectName,
    Tags: [],
  };
}

/** As our observer has to read such an item. */
function recordOf(item: Items[number], expiring: boolean) {
  return {
    chainId: item["ChainID"],
    records: [
      {
        chainId: item["ChainID"],
        ids: [item["ChainID"], item["ChainIDVolc"], item["CertID"]],
        name: item["CertName"],
        domains: item["CertDomainList"],
        notBefore: item["NotBefore"],
        notAfter: item["NotAfter"],
        begins: Date.parse(String(item["NotBefore"])),
        ends: Date.parse(String(item["NotAfter"])),
        status: item["Status"],
        projectName: item["ProjectName"],
        defects: [],
      },
    ],
    listedAsExpired: expiring,
    listedAsUnexpired: !expiring,
  };
}

const byChainId = <T extends { readonly chainId: unknown }>(
  list: readonly T[],
): T[] =>
  [...list].sort((a, b) => String(a.chainId).localeCompare(String(b.chainId)));

type Items = readonly Readonly<Record<string, unknown>>[];

interface Listing {
  readonly action: "ListCertV2" | "ListDomainDetail";
  readonly list: "CertList" | "DomainList";
}

const CERTIFICATES: Listing = { action: "ListCertV2", list: "CertList" };
const ALL_DOMAINS: Listing = { action: "ListDomainDetail", list: "DomainList" };

/** A result with its list, which the Go SDK leaves out where it is empty. */
function withList(result: unknown, list: Listing["list"]) {
  const given = isObject(result) ? result : {};
  const items: unknown = given[list] ?? [];
  if (!Array.isArray(items)) throw new Error(`${list} is no list.`);
  const isItems = (values: unknown[]): values is Items[number][] =>
    values.every(isObject);
  if (!isItems(items)) throw new Error(`${list} holds something else.`);
  return { result: { ...given, [list]: items }, items };
}

/** The same call by both, which has to come to the same result. */
async function bothList(
  client: Client,
  { action, list }: Listing,
  host: string,
  body: object,
) {
  const command = { host, ...KEY, action, body };
  const theirs = await client.call(command);
  const ours = await callOurs(command);
  expect(theirs).toMatchObject({ failed: false, code: undefined });
  expect(ours).toMatchObject({ failed: false, code: undefined });
  const read = withList(theirs.result, list);
  expect(read.result).toEqual(withList(ours.result, list).result);
  return read;
}

/** Lists to the first short page. */
async function listAll(
  client: Client,
  listing: Listing,
  host: string,
  filter: object,
) {
  const pages: Awaited<ReturnType<typeof bothList>>[] = [];
  do {
    const paging = { PageNum: pages.length + 1, PageSize: PAGE };
    const body = { ...filter, ...paging };
    pages.push(await bothList(client, listing, host, body));
  } while (pages.at(-1)?.items.length === PAGE);
  return {
    pages: pages.length,
    items: pages.flatMap(({ items }) => items),
    counts: pages.map(({ result: { [listing.list]: _, ...rest } }) => rest),
  };
}

function signedHeaders(exchange: Exchange | undefined): string[] {
  const authorization = exchange?.request.headers.authorization ?? "";
  return /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(";") ?? [];
}

const QUERIES: readonly [string, Listing, object, number][] = [
  ["no filter", CERTIFICATES, {}, 10],
  ["Expiring without Available", CERTIFICATES, { Expiring: true }, 10],
  ["Available alone", CERTIFICATES, { Available: true }, 10],
  ["all at once", CERTIFICATES, { ...EXPIRED }, 205],
  ["PageSize alone", CERTIFICATES, { ...EXPIRED, PageSize: 3 }, 3],
  ["PageNum alone", CERTIFICATES, { ...EXPIRED, PageNum: 2 }, 205],
  [
    "a page beyond the end",
    CERTIFICATES,
    { ...EXPIRED, PageNum: 9, PageSize: 100 },
    0,
  ],
  ...NAMES.map((CertName): [string, Listing, object, number] => [
    `a name with ${JSON.stringify(CertName)}`,
    CERTIFICATES,
    { ...EXPIRED, CertName },
    41,
  ]),
  [
    "a project",
    CERTIFICATES,
    { ...EXPIRED, ProjectName: "默认" },
    LISTED.slice(0, 205).filter((one) => one.projectName === "默认").length,
  ],
  [
    "a domain",
    CERTIFICATES,
    { ...EXPIRED, Domain: "直播.example.cn" },
    LISTED.slice(0, 205).filter(({ domains }) => domains.length > 0).length,
  ],
  [
    "domains of two statuses",
    ALL_DOMAINS,
    { PageNum: 1, PageSize: 1000, DomainStatusList: [2, 6] },
    DOMAINS.filter(({ status }) => status === 2 || status === 6).length,
  ],
  [
    "domains by name",
    ALL_DOMAINS,
    {
      PageNum: 1,
      PageSize: 10,
      DomainNameList: ["直播0.example.com", "直播6.example.com", "none"],
    },
    2,
  ],
];

for (const sdk of SDKS) {
  party(sdk.name, sdk.version, sdk.tools, () => {
    let client: Client;
    beforeAll(() => {
      client = sdk.start();
    });
    afterAll(() => {
      client.stop();
    });

    it.each(
      SITUATIONS.filter(({ untyped }) => !(sdk.typed && untyped === true)),
    )("$title", async (situation) => {
      const { status, code, codeN = 0 } = situation;
      const theirs = await meet(situation, client.call);
      const ours = await meet(situation, callOurs);

      expect(theirs.exchanges[0]?.answer.status).toBe(status);
      expect(ours.exchanges[0]?.answer.status).toBe(status);
      expect(theirs.told.status ?? status).toBe(status);
      expect(theirs.told.failed).toBe(sdk.fails(situation));
      expect(ours.told.failed).toBe(status !== 200 || code !== undefined);
      // The Go SDK keeps the message of such an error, and drops its code.
      const dropped = sdk.typed && status === 200 && codeN !== 0;
      expect(theirs.told.code).toBe(dropped ? undefined : code);
      expect(ours.told.code).toBe(code);
      expect(theirs.told.result).toEqual(ours.told.result);
      expect(theirs.emulator.account).toEqual(ours.emulator.account);

      const answer = theirs.exchanges.at(-1)?.answer;
      if (answer !== undefined && answer.status !== 0) {
        // The very answer that they got, request id included.
        const { requestId } = theirs.told;
        expect(await readAsOurs(answer)).toEqual({
          ...ours.told,
          requestId,
        });
        expect(requestId ?? "").toMatch(
          code === undefined && status !== 200 ? /^$/ : /^\d{14}[0-9A-F]{18}$/,
        );
      }
      const { outcome = "answered" } = ours.told;
      const asked = status === 0 || status >= 500;
      const advised = ADVISED.includes(code ?? "");
      expect(["unknown", "not done"].includes(outcome)).toBe(asked || advised);
      if (sdk.repeats) expect(theirs.exchanges.length > 1).toBe(asked);
    });

    it.each([
      ["a key", KEY, []],
      ["a session token", SESSION_KEY, ["x-security-token"]],
    ])("signs what we sign, with %s", async (_, key, more) => {
      const world = { emulator: { credentials: [key] }, key };
      const situation = { title: "", status: 200, ...world };
      const theirs = await meet(situation, client.call);
      const ours = await meet(situation, callOurs);
      expect(signedHeaders(theirs.exchanges[0])).toEqual([
        ...sdk.signs,
        ...more,
      ]);
      expect(signedHeaders(ours.exchanges[0])).toEqual([...SIGNED, ...more]);
    });

    it.each([
      ["host", "127.0.0.1:1"],
      ["content-type", "text/plain"],
    ])("changed on the way, counts if signed: %s", async (name, value) => {
      const situation: Situation = {
        title: name,
        status: 200,
        tamper: ({ headers, ...request }) => ({
          ...request,
          headers: { ...headers, [name]: value },
        }),
      };
      const theirs = await meet(situation, client.call);
      const ours = await meet(situation, callOurs);
      expect(theirs.told.code).toBe(
        sdk.signs.includes(name) ? "SignatureDoesNotMatch" : undefined,
      );
      expect(ours.told.code).toBe("SignatureDoesNotMatch");
    });

    it("lists every certificate and domain, page by page", async ({ task }) => {
      await inWorld(ACCOUNT, async ({ host }) => {
        const observed = await observe(host, KEY);
        const records: ReturnType<typeof recordOf>[] = [];
        let cases = 0;
        for (const available of [true, false]) {
          for (const expiring of [true, false]) {
            const listed = LISTED.filter(
              ({ status, ...one }) =>
                one.available === available &&
                (status === "Expire") === expiring,
            );
            const { pages, items, counts } = await listAll(
              client,
              CERTIFICATES,
              host,
              { Available: available, Expiring: expiring },
            );
            expect(items).toEqual(listed.map(itemOf));
            const soon = listed.filter(({ status }) => status.endsWith("days"));
            const expired = expiring ? listed.length : 0;
            const ExpirationInfo = {
              ActiveNum: listed.length - expired,
              ClosingExpireNum: soon.length,
              ExpireNum: expired,
            };
            for (const count of counts)
              expect(count).toEqual({ Total: listed.length, ExpirationInfo });
            records.push(...items.map((item) => recordOf(item, expiring)));
            cases += pages + items.length;
          }
        }
        expect(byChainId(observed.certificates)).toEqual(byChainId(records));

        const domains = await listAll(client, ALL_DOMAINS, host, {});
        expect(domains.items).toEqual(DOMAINS.map(domainItemOf));
        for (const count of domains.counts)
          expect(count).toEqual({ Total: DOMAINS.length });
        expect(observed.domains).toEqual(
          domains.items.map((item) => ({
            name: comparable(String(item["Domain"])),
            boundTo: String(item["ChainID"]).toLowerCase(),
          })),
        );
        task.meta.cases = cases + domains.pages + domains.items.length;
      });
    });

    it.each(QUERIES)("asks for %s", async (_, listing, body, count) => {
      await inWorld(ACCOUNT, async ({ host }) => {
        const { items } = await bothList(client, listing, host, body);
        expect(items).toHaveLength(count);
      });
    });

    it.each(["array", "null", "absent"] as const)(
      "reads an empty list that is %s",
      async (certListWhenEmpty) => {
        const options = {
          switches: { certListWhenEmpty, total: "absent" as const },
        };
        await inWorld(options, async ({ host }) => {
          const { items } = await bothList(client, CERTIFICATES, host, {});
          expect(items).toEqual([]);
        });
      },
    );

    it("sees deletions of ours, and ours see its own", async () => {
      const other = certificateOf(9);
      const account = { certificates: [CERTIFICATE, other] };
      await inWorld({ account }, async ({ host }) => {
        const idsLeft = async () =>
          (await bothList(client, CERTIFICATES, host, EXPIRED)).items.map(
            (item) => item["ChainID"],
          );
        const command = ({ chainId }: EmulatedCertificate): Command => ({
          host,
          ...KEY,
          action: "DeleteCert",
          body: { ChainID: chainId },
        });
        expect(await idsLeft()).toEqual([CERTIFICATE.chainId, other.chainId]);
        expect(await client.call(command(other))).toMatchObject({
          failed: false,
          code: undefined,
        });
        expect(await idsLeft()).toEqual([CERTIFICATE.chainId]);
        expect((await callOurs(command(other))).code).toBe("ResourceNotFound");
        expect(await callOurs(command(CERTIFICATE))).toMatchObject({
          failed: false,
        });
        expect(await idsLeft()).toEqual([]);
        expect((await client.call(command(CERTIFICATE))).code).toBe(
          "ResourceNotFound",
        );
      });
    });
  });
}
