// A part of the catalogue of working set-ups and faults of weir doctor; the whole of it is in harness.long.test.ts.
import { catalogue } from './harness/cases.js';
import { suite } from './harness/suite.js';

const SET_UPS = ['nat'];
const FAULTS = ['nat-gateway-elsewhere'];

const { setUps, faults } = await catalogue();
suite({ setUps: setUps.filter(({ name }) => SET_UPS.includes(name)), faults: faults.filter(({ name }) => FAULTS.includes(name)) });
