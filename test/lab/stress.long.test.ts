// The labs of load: 200,000 requests, 500 concurrent, through NAT and through DR; and a thousand clients whose packets a firewall drops.
import { labs } from '../../src/lab/labs/index.js';
import { STRESS_LABS, testLab } from './whole-lab.js';

for (const lab of labs.filter(({ name }) => STRESS_LABS.includes(name))) testLab(lab);
