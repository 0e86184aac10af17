import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isObject } from "../../functions/contract/parsers.ts";
import { picture } from "../../infra/local/picture/picture.ts";
import {
  findChromium,
  startBrowser,
  type Browser,
  type Page,
} from "../world/browser.ts";
import { entry, reading, used } from "../world/reading.ts";

const chromium = findChromium();
const WHY =
  "skipped: no chromium, chromium-browser or google-chrome on the PATH";
if (chromium === undefined) console.warn(`The picture in a browser: ${WHY}.`);

/** Not under version control. */
const SCREENSHOTS = "reports";

const HOSTILE = `<img src=x onerror="globalThis.ran=true"></script><script>globalThis.ran=true</script>`;

const ENTRIES = [
  entry(-300, { name: "cert 10", chainId: "a".repeat(32) }),
  entry(-30, { name: "cert 9", domains: ["b.example"] }),
  used(-12, { name: "cert 1", domains: ["late.example"] }),
  used(12, { name: "cert 2", expiring: true }),
  used(80, { name: HOSTILE, domains: [HOSTILE], projectName: HOSTILE }),
  entry(0, {
    name: "cert 3",
    notAfter: "tomorrow",
    state: "unreadable",
    verdict: "keep",
    reasons: ["expiry-unreadable"],
  }),
];
const PAGE = picture(HOSTILE, reading({ entries: ENTRIES }));

describe.skipIf(chromium === undefined)(
  `the picture in a browser${chromium === undefined ? ` (${WHY})` : ""}`,
  () => {
    let folder = "";
    let browser: Browser;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "picture-"));
      await mkdir(SCREENSHOTS, { recursive: true });
      browser = await startBrowser(chromium ?? "");
    });
    afterAll(async () => {
      await browser.close();
      await rm(folder, { recursive: true });
    });

    let files = 0;
    async function open(page: string): Promise<Page> {
      const file = join(folder, `${String((files += 1))}.html`);
      await writeFile(file, page);
      return browser.open(pathToFileURL(file).href);
    }

    /** The names of the rows that are shown, from top to bottom. */
    const NAMES = `[...document.querySelectorAll("tbody tr")].filter((row) => row.offsetHeight > 0)
      .map((row) => row.querySelector("th bdi").textContent)`;

    async function press(page: Page, key: string, text?: string) {
      for (const type of ["keyDown", "keyUp"])
        await page.send("Input.dispatchKeyEvent", {
          type,
          key,
          code: key,
          ...(text !== undefined && { text, windowsVirtualKeyCode: 13 }),
        });
    }

    it("runs without a complaint, and nothing that a name brought along", async () => {
      const page = await open(PAGE);
      expect(await page.evaluate("globalThis.ran")).toBeUndefined();
      expect(
        await page.evaluate(
          "[document.scripts.length, document.images.length, document.title, document.querySelector('form').hidden]",
        ),
      ).toEqual([1, 0, HOSTILE, false]);
      expect(page.complaints).toEqual([]);
    });

    it("runs without a complaint where there is nothing to show", async () => {
      const page = await open(picture("t", reading()));
      expect(await page.evaluate("document.forms.length")).toBe(0);
      expect(page.complaints).toEqual([]);
    });

    it("would not run it even if it had not been escaped", async () => {
      const unescaped = PAGE.replace("<main>", `<main>${HOSTILE}`);
      const page = await open(unescaped);
      expect(await page.evaluate("globalThis.ran")).toBeUndefined();
      expect(page.complaints.join()).toContain("Content Security Policy");
      // Without the policy it does run: the check above can fail.
      const bare = await open(
        unescaped.replace("Content-Security-Policy", "x"),
      );
      expect(await bare.evaluate("globalThis.ran")).toBe(true);
    });

    it("filters by words, verdict, state and reason, and says how many are left", async () => {
      const page = await open(PAGE);
      const choose = (index: number, value: string) =>
        page.evaluate(`(() => {
          const field = document.querySelectorAll("form input, form select")[${String(index)}];
          field.value = ${JSON.stringify(value)};
          field.dispatchEvent(new Event("input", { bubbles: true }));
          return [${NAMES}, document.querySelector("[role=status]").textContent];
        })()`);
      expect(await choose(1, "delete")).toEqual([
        ["cert 10", "cert 9"],
        "2 of 6 shown",
      ]);
      expect(await choose(0, "B.EXAMPLE  cert")).toEqual([
        ["cert 9"],
        "1 of 6 shown",
      ]);
      await page.evaluate("document.querySelector('[type=reset]').click()");
      expect(
        await page.evaluate(
          `new Promise((resolve) => setTimeout(() => resolve(${NAMES}.length)))`,
        ),
      ).toBe(6);
      expect(await choose(2, "expired-in-use")).toEqual([
        ["cert 1"],
        "1 of 6 shown",
      ]);
      expect(await choose(2, "")).toEqual([expect.any(Array), "6 of 6 shown"]);
      expect(await choose(3, "not-expired")).toEqual([
        ["cert 2", HOSTILE],
        "2 of 6 shown",
      ]);
      expect(await choose(0, "nowhere")).toEqual([[], "0 of 6 shown"]);
      expect(page.complaints).toEqual([]);
    });

    it("sorts by the keyboard, either way, and tells which", async () => {
      const page = await open(PAGE);
      const heading = (index: number) =>
        `document.querySelectorAll("thead th")[${String(index)}]`;
      const sorts = () =>
        page.evaluate(
          `[...document.querySelectorAll("thead th")].map((th) => th.getAttribute("aria-sort"))`,
        );
      expect(await sorts()).toEqual([null, null, null, "ascending", null]);
      await page.evaluate(`${heading(1)}.querySelector("button").focus()`);
      await press(page, "Enter", "\r");
      expect(await sorts()).toEqual([null, "ascending", null, null, null]);
      expect(await page.evaluate(NAMES)).toEqual([
        HOSTILE,
        "cert 1",
        "cert 2",
        "cert 3",
        "cert 9",
        "cert 10",
      ]);
      await press(page, "Tab");
      await press(page, "Tab");
      await press(page, "Enter", "\r");
      expect(await sorts()).toEqual([null, null, null, "ascending", null]);
      await press(page, "Enter", "\r");
      expect(await sorts()).toEqual([null, null, null, "descending", null]);
      // What cannot be read is last either way.
      expect(await page.evaluate(NAMES)).toEqual([
        HOSTILE,
        "cert 2",
        "cert 1",
        "cert 9",
        "cert 10",
        "cert 3",
      ]);
      expect(page.complaints).toEqual([]);
    });

    it.each([1280, 400])(
      "fits %i pixels, and is a table to whoever hears it",
      async (width) => {
        const page = await open(PAGE);
        await page.send("Emulation.setDeviceMetricsOverride", {
          width,
          height: 900,
          deviceScaleFactor: 1,
          mobile: width < 1000,
        });
        expect(
          await page.evaluate("document.documentElement.scrollWidth"),
        ).toBeLessThanOrEqual(width);
        const { nodes } = await page.send("Accessibility.getFullAXTree");
        const roles = (Array.isArray(nodes) ? nodes : []).map(
          (node: unknown) => {
            const role = isObject(node) ? node["role"] : undefined;
            return isObject(role) ? role["value"] : undefined;
          },
        );
        const count = (wanted: string) =>
          roles.filter((role) => role === wanted).length;
        expect({
          table: count("table"),
          row: count("row"),
          columnheader: count("columnheader"),
          rowheader: count("rowheader"),
        }).toEqual({ table: 1, row: 7, columnheader: 5, rowheader: 6 });
      },
    );

    it("is dark where that is wished, and light, whole and without controls in print", async () => {
      const page = await open(PAGE);
      const look = async (media: string, scheme: string) => {
        await page.send("Emulation.setEmulatedMedia", {
          media,
          features: [{ name: "prefers-color-scheme", value: scheme }],
        });
        // For people to look at; nothing compares them.
        const { data } = await page.send("Page.captureScreenshot", {
          captureBeyondViewport: true,
        });
        await writeFile(
          join(SCREENSHOTS, `picture-${media}-${scheme}.png`),
          Buffer.from(String(data), "base64"),
        );
        return page.evaluate(
          `[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector("form")).display]`,
        );
      };
      const light = "rgb(251, 251, 249)";
      expect(await look("screen", "light")).toEqual([light, "flex"]);
      expect(await look("screen", "dark")).toEqual(["rgb(20, 24, 27)", "flex"]);
      expect(await look("print", "dark")).toEqual([light, "none"]);
      expect(await page.evaluate(`${NAMES}.length`)).toBe(6);
    });

    it("filters and sorts 5,000 certificates", async () => {
      const entries = Array.from({ length: 5000 }, (_, n) =>
        n % 2 === 0
          ? entry(-n / 20 - 1, { name: `gone ${String(n)}` })
          : used(n / 20, { name: `used ${String(n)}` }),
      );
      const page = await open(picture("many", reading({ entries })));
      const spent = await page.evaluate(`(() => {
        const started = performance.now();
        const [search] = document.forms[0].elements;
        search.value = "gone";
        search.dispatchEvent(new Event("input", { bubbles: true }));
        document.querySelectorAll("thead button")[1].click();
        const height = document.body.offsetHeight;
        return height > 0 && performance.now() - started;
      })()`);
      console.info(
        `Filtering, sorting and laying out 5,000 certificates: ${Number(spent).toFixed(0)} ms`,
      );
      expect(
        await page.evaluate(
          `((names) => [...names.slice(0, 3), names.length])(${NAMES})`,
        ),
      ).toEqual(["gone 0", "gone 2", "gone 4", 2500]);
      expect(page.complaints).toEqual([]);
    });
  },
);
