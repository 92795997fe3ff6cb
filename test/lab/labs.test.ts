// Every lab that weir brings along but for those of VRRP, of load and for variants, and every example of a lab file, run as a person would run it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findLab } from '../../src/lab/labs/find-lab.js';
import { labs } from '../../src/lab/labs/index.js';
import { projectRoot } from '../../src/lab/state/paths.js';
import { STRESS_LABS, testLab, VARIANT_LABS, VRRP_LABS } from './whole-lab.js';

const examples = join(projectRoot(), 'examples/labs');
const elsewhere = [...VRRP_LABS, ...STRESS_LABS, ...VARIANT_LABS];

for (const lab of labs) {
  if (!elsewhere.includes(lab.name)) testLab(lab);
}
for (const name of readdirSync(examples)) {
  const path = join(examples, name);
  testLab(findLab(path), path);
}
