/** Which modules are mutated, and which unit tests alone must notice. */
export interface MutantGroup {
  readonly name: string;
  readonly modules: readonly string[];
  /** Of test/unit, without `.test.ts`. */
  readonly tests: readonly string[];
}

export const GROUPS: readonly MutantGroup[] = [
  {
    name: "verdict",
    modules: ["certificate", "in-use", "verdict", "protect"].map(
      (name) => `functions/janitor/${name}.ts`,
    ),
    tests: ["verdict", "verdict-edges"],
  },
];
