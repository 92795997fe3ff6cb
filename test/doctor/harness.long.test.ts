// weir doctor on every working set-up and every fault of the catalogue, with the table that counts them.
import { catalogue } from './harness/cases.js';
import { suite } from './harness/suite.js';

suite(await catalogue());
