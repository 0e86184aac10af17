import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isChainId, isObject } from "../../functions/contract/parsers.ts";
import {
  instant,
  readCertificateRecord,
  uniteListings,
} from "../../functions/janitor/certificate.ts";
import { moment } from "../simulation/statement.ts";
import { certificate, DAY, id, NOW } from "../world/account.ts";

const read = (over: object = {}) =>
  readCertificateRecord({ ...certificate(1), ...over });

describe("a record", () => {
  it("is read field by field, its identifiers in lower case, and the empty ones dropped", () => {
    const record = read({ ChainID: id(1).toUpperCase(), ChainIDVolc: "" });
    expect(record).toEqual({
      chainId: id(1).toUpperCase(),
      ids: [id(1), "8000001"],
      name: "c1",
      domains: [],
      notBefore: "2026-07-27T12:00:00.000Z",
      notAfter: "2026-10-25T12:00:00.000Z",
      begins: NOW - 120 * DAY,
      ends: NOW - 30 * DAY,
      status: "Expire",
      projectName: "default",
      defects: [],
    });
    expect(read({ ChainIDVolc: "ABC" }).ids).toEqual([id(1), "abc", "8000001"]);
  });

  it.each([undefined, null, "text", 5, [certificate(1)], []])(
    "that is %j has nothing but defects",
    (item) => {
      const { defects, ...record } = readCertificateRecord(item);
      expect(record).toEqual({
        chainId: "",
        ids: [],
        name: "",
        domains: [],
        notBefore: "",
        notAfter: "",
        status: "",
        projectName: "",
      });
      const fields = ["ChainID", "NotBefore", "NotAfter", "Status"];
      expect(defects).toEqual(
        fields.map((name): unknown => expect.stringContaining(`${name} is m`)),
      );
    },
  );

  it.each([
    [undefined, [], 0],
    [null, [], 0],
    [[], [], 0],
    ["a", [], 1],
    [["a", 1], [], 1],
    [["a", "b"], ["a", "b"], 0],
  ])("with the names %j", (CertDomainList, domains, defects) => {
    const record = read({ CertDomainList });
    expect(record.domains).toEqual(domains);
    expect(record.defects).toHaveLength(defects);
    expect(record.defects.join()).toContain(defects ? "CertDomainList" : "");
  });

  it.each([
    ["an object", {}, true],
    ["null", null, false],
    ["a list", [], false],
    ["a text", "x", false],
  ])("of JSON: %s", (_what, value, expected) => {
    expect(isObject(value)).toBe(expected);
  });

  it.each([
    [id(1), true],
    [id(1).toUpperCase(), true],
    [`${id(1)}0`, false],
    [`0${id(1)}`, false],
    [id(1).slice(1), false],
    [`${id(1).slice(1)}g`, false],
    [`${id(1)}\n`, false],
  ])("has a chain id %j: %s", (ChainID, expected) => {
    expect(isChainId(ChainID)).toBe(expected);
    const [defect = ""] = read({ ChainID }).defects;
    expect(defect.startsWith("ChainID is not 32 hex")).toBe(!expected);
  });
});

describe("instant", () => {
  it.each([
    ["2024-08-18T07:19:00Z", Date.UTC(2024, 7, 18, 7, 19)],
    ["2024-08-18T15:19:00+08:00", Date.UTC(2024, 7, 18, 7, 19)],
    ["2024-08-18T07:19:00-00:30", Date.UTC(2024, 7, 18, 7, 49)],
    ["2024-08-18T07:19:00.5Z", Date.UTC(2024, 7, 18, 7, 19) + 500],
    ["2024-08-18T07:19:00.0001Z", Date.UTC(2024, 7, 18, 7, 19) + 1],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["9999-12-31T23:59:59Z", Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])("reads %s", (text, at) => {
    expect(instant(text)).toBe(at);
  });

  it.each([
    "",
    "2024-08-18",
    "2024-08-18T07:19:00",
    "2024-08-18 07:19:00Z",
    "2024-08-18t07:19:00z",
    "2024-8-18T07:19:00Z",
    "2024-08-18T07:19Z",
    "2024-08-18T07:19:00.Z",
    "2024-08-18T07:19:00,5Z",
    "2024-08-18T07:19:00+0800",
    "2024-08-18T07:19:00+24:00",
    "2024-08-18T07:19:00+08:60",
    "2024-08-18T24:00:00Z",
    "2024-08-18T07:60:00Z",
    "2024-12-31T23:59:60Z",
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-00-10T00:00:00Z",
    "2024-04-31T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "1970-01-01T08:00:00+08:00",
    " 2024-08-18T07:19:00Z",
    "2024-08-18T07:19:00Z\n",
    "+002024-08-18T07:19:00Z",
  ])("refuses %j", (text) => {
    expect(instant(text)).toBeUndefined();
  });

  it("agrees with an independent reading of nearly right texts", () => {
    fc.assert(
      fc.property(
        fc.tuple(
          fc.constantFrom("2024", "2023", "1900", "0001", "1970"),
          fc.constantFrom("00", "01", "02", "04", "12", "13"),
          fc.constantFrom("00", "01", "28", "29", "30", "31", "32"),
          fc.constantFrom("00", "23", "24"),
          fc.constantFrom("", ".0", ".5", ".007", ".0070", ".9999", ".28", "."),
          fc.constantFrom("Z", "+00:00", "-12:30", "+23:59", "+24:00", ""),
        ),
        ([year, month, day, hour, fraction, zone]) => {
          const text = `${year}-${month}-${day}T${hour}:00:59${fraction}${zone}`;
          expect(instant(text)).toBe(moment(text));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("uniteListings", () => {
  it("makes one of records that say the same, in whatever case of the id, and keeps the first", () => {
    const upper = read({ ChainID: id(1).toUpperCase() });
    const all = [
      { expiring: true, records: [read()] },
      { expiring: true, records: [upper] },
    ];
    const one = { chainId: id(1), records: [read()], listedAsExpired: true };
    expect(uniteListings(all)).toEqual([{ ...one, listedAsUnexpired: false }]);
    const other = { expiring: false, records: [read({ CreateTime: "later" })] };
    expect(uniteListings([...all, other])).toEqual([
      { ...one, listedAsUnexpired: true },
    ]);
    expect(uniteListings([other, ...all])).toMatchObject([
      { listedAsExpired: true, listedAsUnexpired: true },
    ]);
    expect(uniteListings([other, other])).toMatchObject([
      { listedAsExpired: false, listedAsUnexpired: true },
    ]);
  });

  it.each([
    { CertName: "x" },
    { NotAfter: "2020-01-01T00:00:00Z" },
    { Status: "OK" },
    { CertDomainList: ["a.net"] },
    { CertID: "9" },
    { ProjectName: "video" },
  ])("keeps both records where %j differs, in order", (over) => {
    const [first] = uniteListings([
      { expiring: true, records: [read(), read(over), read(over), read()] },
    ]);
    expect(first?.records).toEqual([read(), read(over)]);
  });

  it("leaves records without a chain id apart, unless they are the same", () => {
    const bare = { ChainID: "" };
    const records = [read(bare), read({ ...bare, CertName: "x" }), read(bare)];
    expect(uniteListings([{ expiring: true, records }])).toHaveLength(2);
  });

  it("leaves apart what lower case leaves apart, and unites what it unites", () => {
    // Upper case would take "ß" for "SS"; lower case takes the Kelvin sign for a k.
    const united = (...all: readonly string[]) =>
      uniteListings([
        { expiring: true, records: all.map((ChainID) => read({ ChainID })) },
      ]);
    expect(united("ß", "ss")).toHaveLength(2);
    const [kelvin, ...rest] = united("\u212a", "k", "K");
    expect(kelvin?.records).toHaveLength(1);
    expect(rest).toEqual([]);
  });
});
