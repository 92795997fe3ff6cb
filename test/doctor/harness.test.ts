// A part of the catalogue of working set-ups and faults of weir doctor; the whole of it is in harness.long.test.ts.
import { catalogue } from './harness/cases.js';
import { suite } from './harness/suite.js';

const SET_UPS = ['nat', 'nat-local-server'];
const FAULTS = ['nat-gateway-elsewhere', 'nat-local-server-input-knows-the-vip-alone'];

const { setUps, faults } = await catalogue();
suite({ setUps: setUps.filter(({ name }) => SET_UPS.includes(name)), faults: faults.filter(({ name }) => FAULTS.includes(name)) });
