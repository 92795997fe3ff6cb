// fast-check for all property tests: in CI each run draws the same cases, so that it judges the change and not the draw. Elsewhere, and
// with WEIR_TEST_SEED=NUMBER, others. A failure prints its seed.
import fc from 'fast-check';

const { CI, WEIR_TEST_SEED } = process.env;
const CI_SEED = 20_261_122;

if (WEIR_TEST_SEED !== undefined) fc.configureGlobal({ seed: Number(WEIR_TEST_SEED) });
else if (CI !== undefined) fc.configureGlobal({ seed: CI_SEED });

export default fc;
