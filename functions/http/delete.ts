/** `DELETE /certificates/{chainId}`: deletes the one certificate that the caller names, unless it is in use or protected. */
import { ROUTES } from "../contract/routes.ts";
import { deleteOne, type DeletionResult } from "../janitor/delete-one.ts";
import type { Route } from "./api.ts";
import { readChainId, readQuery } from "./event.ts";
import {
  invalid,
  jsonAnswer,
  notFound,
  problemOf,
  Refusal,
  type HttpAnswer,
} from "./problem.ts";

/** Of what was seen, in characters. */
const LONGEST_BECAUSE = 400;

export const deleteCertificate: Route = async (api, call) => {
  const { request, requestId, deadline } = call;
  const chainId = readChainId(request);
  const { force, dryRun } = readQuery(request, ROUTES.delete.query);
  if ((request.body ?? "") !== "") {
    throw invalid(
      "A DELETE takes no body; dryRun and force belong in the query, as in ?dryRun=true.",
    );
  }
  const { configuration, vendor } = api.wired();
  const result = await deleteOne(
    { ...vendor, clock: api.clock, log: api.log },
    configuration.policy,
    {
      chainId,
      force: force === "true",
      dryRun: dryRun === "true",
      asked: { apiRequestId: requestId, caller: request.caller },
      onSend: () => {
        call.hasSent = true;
      },
    },
    deadline,
  );
  return answerTo(result, chainId, requestId);
};

/** The answer to a DELETE, or the problem that it met. */
function answerTo(
  result: DeletionResult,
  chainId: string,
  requestId: string,
): HttpAnswer {
  switch (result.outcome) {
    case "deleted":
    case "alreadyGone":
    case "wouldDelete": {
      const [{ name, notAfter, domains }] =
        result.judgement.certificate.records;
      return jsonAnswer(200, requestId, {
        chainId,
        outcome: result.outcome,
        requestId: result.requestId,
        certificate: { name, notAfter, domains },
      });
    }
    case "absent":
      throw notFound();
    case "refused":
      throw refused(result);
    case "failed": {
      const problem = problemOf(result.failure, result.sent);
      throw new Refusal(
        result.stillListed === true
          ? {
              ...problem,
              detail: `${problem.detail} A fresh list still has the certificate.`,
            }
          : problem,
      );
    }
  }
}

function refused({
  because,
  judgement,
}: Extract<DeletionResult, { outcome: "refused" }>): Refusal {
  const isProtected = because === "protected";
  const seen = judgement.details.find(({ reason }) =>
    isProtected
      ? reason === "protected"
      : reason === "in-use" || reason === "domain-not-visible",
  );
  // Stryker disable next-line OptionalChaining,StringLiteral: what refuses has its detail; only the compiler asks
  const what = seen?.because ?? "";
  return new Refusal({
    name: isProtected ? "certificate-protected" : "certificate-in-use",
    detail: `Nothing was deleted: ${what.slice(0, LONGEST_BECAUSE)}. To delete it all the same add force=true; there is no undo.`,
  });
}
