import { expect, it } from "vitest";
import { createDeleter } from "../../functions/volcengine/deleter.ts";
import { createPacer } from "../../functions/volcengine/pacer.ts";
import { VirtualClock } from "../world/clock.ts";

it("a deletion is one DeleteCert, at its own pace and with all that the order says", async () => {
  const clock = new VirtualClock();
  const calls: unknown[] = [];
  const pacer = createPacer(clock, 1, 1);
  const deleter = createDeleter(
    {
      call(...call) {
        calls.push(call);
        return Promise.resolve({
          ...{ result: {}, requestId: "r", vendorTime: 0 },
          ...{ secretVersion: "v1", attempts: 3 },
        });
      },
    },
    pacer,
  );
  const order = {
    secretVersion: "v1",
    sendBefore: 7,
    deadline: clock.deadline(9),
    permit: () => true,
    ended: () => undefined,
  };
  expect(await deleter.deleteCertificate({ chainId: "x", ...order })).toEqual({
    requestId: "r",
    attempts: 3,
  });
  expect(calls).toEqual([
    ["DeleteCert", { ChainID: "x" }, { ...order, pacer, maxBytes: 65_536 }],
  ]);
});
