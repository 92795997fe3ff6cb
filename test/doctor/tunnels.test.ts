// The part of the harness of weir doctor whose set-ups need tunnels: on kernels without them, test/vm runs it on one that has all.
import { catalogue } from './harness/cases.js';
import { suite } from './harness/suite.js';

const all = await catalogue();
const setUps = all.setUps.filter(({ needs }) => needs === 'tunnels');
suite({ setUps, faults: all.faults.filter(({ on }) => setUps.some(({ name }) => name === on)) });
