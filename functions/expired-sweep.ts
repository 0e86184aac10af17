/** Lambda entry: the sweep, started by the schedule or by `POST /sweeps`. */
import { lambdaHost } from "./host/host.ts";
import { createSweepHandler } from "./host/sweep-handler.ts";

export const handler = createSweepHandler(lambdaHost());
