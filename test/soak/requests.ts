/** The requests of the load: each with the answers that are right for it. */
import type { Random } from "../simulation/random.ts";
import type { Truth } from "./truth.ts";

export interface Asked {
  /** What the summary counts it under. */
  readonly kind: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  /** `ok` or problem names; a vendor's trouble is always permitted. */
  readonly permitted: readonly string[];
  /** The certificate that must be gone after a receipt that says so. */
  readonly deletes?: string;
}

const NOT_FOUND = "certificate-not-found";
const IN_THE_WAY = ["certificate-in-use", "certificate-protected"];

/** Draws the next request. A certificate that it names for deletion is noted before it is sent. */
export function drawRequest(truth: Truth, random: Random): Asked {
  const any =
    truth.certificates.size === 0
      ? random.hex(32)
      : random.pick([...truth.certificates.keys()]);
  switch (random.int(0, 9)) {
    case 0:
    case 1:
      return {
        kind: "list",
        method: "GET",
        path: `/certificates${random.pick(["", "?limit=7", "?verdict=delete", "?state=expired&limit=1000", "?verdict=keep&state=valid"])}`,
        permitted: ["ok"],
      };
    case 2:
      return {
        kind: "explain",
        method: "GET",
        path: `/certificates/${random.chance(0.8) ? any : random.hex(32)}`,
        permitted: ["ok", NOT_FOUND],
      };
    case 3:
    case 4: {
      const { chainId } = truth.one(random.chance(0.8) ? "spare" : "dead") ?? {
        chainId: random.hex(32),
      };
      truth.named.add(chainId);
      return {
        kind: "delete",
        method: "DELETE",
        path: `/certificates/${chainId}`,
        permitted: ["ok", NOT_FOUND],
        deletes: chainId,
      };
    }
    case 5:
      return {
        kind: "dry run",
        method: "DELETE",
        path: `/certificates/${any}?dryRun=true${random.chance(0.3) ? "&force=true" : ""}`,
        permitted: ["ok", NOT_FOUND, ...IN_THE_WAY],
      };
    case 6: {
      const one = truth.one(random.pick(["serving", "held", "unseen"]));
      return {
        kind: "refused",
        method: "DELETE",
        path: `/certificates/${one?.chainId ?? random.hex(32)}`,
        permitted: one === undefined ? [NOT_FOUND] : IN_THE_WAY,
      };
    }
    case 7:
      return random.pick<Asked>([
        {
          kind: "malformed",
          method: "DELETE",
          path: `/certificates/${random.hex(31)}`,
          permitted: ["invalid-request"],
        },
        {
          kind: "malformed",
          method: "DELETE",
          path: `/certificates/${any}?force=yes`,
          permitted: ["invalid-request"],
        },
        {
          kind: "malformed",
          method: "GET",
          path: "/certificates?limit=0",
          permitted: ["invalid-request"],
        },
        {
          kind: "malformed",
          method: "PUT",
          path: `/certificates/${any}`,
          permitted: ["method-not-allowed"],
        },
        {
          kind: "malformed",
          method: "GET",
          path: "/nowhere",
          permitted: ["no-such-route"],
        },
      ]);
    case 8:
      return {
        kind: "openapi",
        method: "GET",
        path: "/openapi.json",
        permitted: ["ok"],
      };
    default: {
      const body = random.pick(["{}", '{"dryRun":true}', '{"graceDays":0}']);
      return {
        kind: "POST /sweeps",
        method: "POST",
        path: "/sweeps",
        body,
        permitted: body.includes("graceDays")
          ? ["invalid-request"]
          : ["ok", "sweep-running"],
      };
    }
  }
}
