import { expect, it } from "vitest";
import { VendorFailure } from "../../functions/janitor/failure.ts";
import { failure } from "../world/account.ts";

it("a failure of which nothing else is said was never sent", () => {
  const bare = new VendorFailure("m", { kind: "timeout", outcome: "unknown" });
  expect(bare).toMatchObject({ name: "VendorFailure", message: "m" });
  expect(bare).toMatchObject({ attempts: 0, possiblyDone: false });
  expect("cause" in bare).toBe(false);
});

it("a failure after other attempts is the same but for them", () => {
  const cause = new Error("why");
  const facts = { code: "C", requestId: "R", retryAfterMs: 5, cause };
  const one = failure(facts);
  const { kind, outcome, message } = one;
  const same = one.after(7, true);
  expect(same).toMatchObject({ ...facts, kind, outcome, message });
  expect(same).toMatchObject({ attempts: 7, possiblyDone: true });
  expect(same.cause).toBe(cause);
});
