/** The same random cases each time, so that a mutant's fate does not depend on chance. */
import fc from "fast-check";

fc.configureGlobal({ seed: 20_270_131, numRuns: 100 });
