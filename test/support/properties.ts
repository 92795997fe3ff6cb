// fast-check for all property tests: in CI each run draws the same cases, so that it judges the change and not the draw. Elsewhere, and
// with WEIR_TEST_SEED=NUMBER, others. A failure prints its seed.
import fc from 'fast-check';

const { CI, WEIR_TEST_SEED, WEIR_TEST_PATH } = process.env;
const CI_SEED = 20_261_122;

if (WEIR_TEST_SEED !== undefined) fc.configureGlobal({ seed: Number(WEIR_TEST_SEED) });
else if (CI !== undefined) fc.configureGlobal({ seed: CI_SEED });

/** For properties whose cases take seconds: of a seed, with WEIR_TEST_PATH the one case that a failure named by it, not all before it. */
export const oneCase = WEIR_TEST_PATH === undefined ? {} : { path: WEIR_TEST_PATH, numRuns: 1 };

export default fc;
