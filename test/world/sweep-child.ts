/** One sweep in a process of its own, so that a test can kill it. */
import { createSweepHandler } from "../../functions/host/sweep-handler.ts";
import { lambdaHost } from "../../functions/host/host.ts";

await createSweepHandler(lambdaHost())(
  {},
  { awsRequestId: "child", getRemainingTimeInMillis: () => 900_000 },
);
