/**
 * Parsing, cross-examining and judging: does a certificate cost the same in a large account as in a small one?
 *
 * One pool of 100,000 records is read as one account, as ten, and as a hundred, and the judgements of all of them are kept
 * to the end of a round, so that rounds differ in nothing but the size of an account: not in the data, not in how
 * cold it is in the caches, and not in what the collector of garbage has to keep alive.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import { readDomain } from "../../functions/janitor/in-use.ts";
import {
  judge,
  type Judgement,
  type Policy,
} from "../../functions/janitor/verdict.ts";
import { createRandom } from "../simulation/random.ts";
import { inTurns, median, type Bench, type Figure } from "./figure.ts";

const ROUNDS = 9;
const SMALL = 1_000;
const POOL = 100_000;
/** Certificates and domains of one customer, whose domains only its own certificates secure. */
const BLOCK = 100;
const DOMAINS = BLOCK / 10;
const NOW = Date.UTC(2026, 10, 24);
const DAY = 86_400_000;

const POLICY: Policy = {
  graceDays: 7,
  unseenDomains: "keep",
  projectNames: [],
  protect: [
    { match: "name", value: "legacy-*", owner: "media" },
    { match: "domain", value: "*.customer7?.example.com", owner: "sales" },
    { match: "chainId", value: "00ff*", owner: "ops", until: "2026-12-31" },
  ],
};

/** An account as the vendor's answers give it: pages of JSON text. */
interface RawAccount {
  /** What the four listings hold: available or not, expired or not. */
  readonly listings: readonly {
    readonly expiring: boolean;
    readonly pages: readonly string[];
  }[];
  readonly domainPages: readonly string[];
}

function pagesOf(items: readonly unknown[], size: number): string[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, page) =>
    JSON.stringify(items.slice(page * size, (page + 1) * size)),
  );
}

function parse(page: string): unknown[] {
  const items: unknown = JSON.parse(page);
  return Array.isArray(items) ? items : [];
}

/** One customer: of its domains most are bound, by each of the identifiers, and each was renewed many times. */
function createBlock(number: number): {
  readonly certificates: readonly Record<string, unknown>[];
  readonly domains: readonly Record<string, unknown>[];
} {
  const random = createRandom(number, "judging");
  const zone = `customer${String(number)}.example.com`;
  const certificates = Array.from({ length: BLOCK }, (_, i) => {
    // Valid 45 %, in grace 5 %, expired 50 %.
    const share = i % 20;
    const left = share < 9 ? 1 + share : share === 9 ? -2 : -share * 10;
    const notAfter = NOW + left * DAY;
    const names = [`play${String(i % DOMAINS)}.${zone}`];
    return {
      ChainID: random.hex(32),
      ChainIDVolc: random.hex(32),
      CertID: String(number * BLOCK + i + 1_000_000),
      CertName: `${i % 50 === 0 ? "legacy" : "live"}-${String(i)}-${zone}`,
      CertDomainList:
        i % 10 === 0 ? [`*.${zone}`, zone] : i % 10 === 1 ? [] : names,
      NotBefore: new Date(notAfter - 90 * DAY).toISOString(),
      NotAfter: new Date(notAfter).toISOString(),
      Status: left < 0 ? "Expire" : "OK",
      ProjectName: "default",
      Available: i % 9 !== 0,
    };
  });
  const domains = Array.from({ length: DOMAINS }, (_, i) => {
    const bound = certificates[(i * 7) % BLOCK];
    const identifier = ["ChainID", "ChainID", "ChainIDVolc", "CertID"] as const;
    return {
      Domain: `play${String(i)}.${zone}`,
      ChainID: i % 5 === 0 ? "" : bound?.[identifier[i % 4] ?? "ChainID"],
      Status: "online",
    };
  });
  return { certificates, domains };
}

/** The pool as accounts of `size` certificates. */
function accountsOf(
  blocks: readonly ReturnType<typeof createBlock>[],
  size: number,
): RawAccount[] {
  return Array.from({ length: POOL / size }, (_, i) => {
    const mine = blocks.slice((i * size) / BLOCK, ((i + 1) * size) / BLOCK);
    const certificates = mine.flatMap((block) => block.certificates);
    return {
      listings: [true, false].flatMap((available) =>
        [true, false].map((expiring) => ({
          expiring,
          pages: pagesOf(
            certificates.filter(
              (item) =>
                item["Available"] === available &&
                (item["Status"] === "Expire") === expiring,
            ),
            100,
          ),
        })),
      ),
      domainPages: pagesOf(
        mine.flatMap((block) => block.domains),
        1000,
      ),
    };
  });
}

function judgeRaw({ listings, domainPages }: RawAccount): Judgement[] {
  return judge(
    {
      certificates: uniteListings(
        listings.map(({ expiring, pages }) => ({
          expiring,
          records: pages.flatMap((page) =>
            parse(page).map(readCertificateRecord),
          ),
        })),
      ),
      domains: domainPages
        .flatMap((page) => parse(page).map(readDomain))
        .filter((domain) => domain !== undefined),
    },
    POLICY,
    NOW,
  );
}

/** The collector of garbage, whatever flags Node was started with. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc !== "function") throw new Error("no garbage collector to call");
  return () => {
    Reflect.apply(gc, undefined, []);
  };
}

/** Measures the cost of judging in accounts of 1,000, 10,000 and 100,000 certificates. */
export async function measureJudging({
  say,
  rounds: count,
}: Bench): Promise<Figure[]> {
  const collect = collector();
  const blocks = Array.from({ length: POOL / BLOCK }, (_, i) => createBlock(i));
  const counts = new Set<string>();
  /** Microseconds a certificate. */
  const timed = (size: number): (() => number) => {
    const accounts = accountsOf(blocks, size);
    return () => {
      collect();
      // Processor time, the collector's threads included: others use the machine too.
      const started = process.cpuUsage();
      const judged = accounts.map(judgeRaw);
      const { user, system } = process.cpuUsage(started);
      const of = (verdict: string): number =>
        judged.flat().filter((one) => one.verdict === verdict).length;
      counts.add(
        `${String(of("delete"))} to delete, ${String(of("keep"))} to keep`,
      );
      return (user + system) / POOL;
    };
  };
  const rounds = await inTurns(count(ROUNDS), {
    small: timed(SMALL),
    middle: timed(10_000),
    large: timed(POOL),
  });
  // Accounts share nothing, so the sizes must agree on every verdict.
  if (counts.size !== 1) throw new Error([...counts].join("; "));
  say(
    `judging ${[...counts].join()}: ${[
      rounds.small,
      rounds.middle,
      rounds.large,
    ]
      .map((values) => median(values).toFixed(2))
      .join(" / ")} us a certificate in accounts of 1,000 / 10,000 / 100,000`,
  );
  // Of what an account costs as a power of its size: 1 is linear.
  const exponents = rounds.large.map(
    (large, round) =>
      1 +
      Math.log(large / (rounds.small[round] ?? NaN)) / Math.log(POOL / SMALL),
  );
  return [
    {
      name: "exponent of judging, 1,000 to 100,000 certificates",
      ours: median(exponents),
      peer: "linear",
      theirs: 1,
      unit: "",
      target: { atMost: 1.05 },
    },
  ];
}
