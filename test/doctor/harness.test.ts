// A part of the catalogue of working set-ups and faults of weir doctor; the whole of it is in harness.long.test.ts.
import { catalogue } from './harness/cases.js';
import { suite } from './harness/suite.js';

/** A set-up without VRRP and one with it. */
const SET_UPS = ['nat', 'vrrp'];
/** Faults of them, for as long as they take in `npm test`. */
const FAULTS = ['nat-gateway-elsewhere', 'dr-server-answers-arp', 'vrrp-adverts-dropped'];

const { setUps, faults } = await catalogue();
suite({ setUps: setUps.filter(({ name }) => SET_UPS.includes(name)), faults: faults.filter(({ name }) => FAULTS.includes(name)) });
