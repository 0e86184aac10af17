import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDER = join(ROOT, "test", "conformance");

describe("the deliberate defects of the conformance suites", () => {
  it.each(readdirSync(FOLDER).filter((name) => name.endsWith(".defects.json")))(
    "of %s still fit the code that they spoil",
    (name) => {
      const list: unknown = JSON.parse(
        readFileSync(join(FOLDER, name), "utf8"),
      );
      expect(list).toBeInstanceOf(Array);
      for (const defect of Array.isArray(list) ? list : []) {
        const [file, from, to] = ["file", "from", "to"].map((field) =>
          String(Reflect.get(Object(defect), field)),
        );
        const parts = readFileSync(join(ROOT, file!), "utf8").split(from!);
        expect(parts, `${file!}: ${from!}`).toHaveLength(2);
        expect(to).not.toBe(from);
      }
    },
  );
});
