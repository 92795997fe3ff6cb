// Starts a real server and kills itself after STEPS steps: `killed-start STEPS VIP`. Prints one line for each step, and one at the end.

import { planStart } from '../../src/control/realserver/plan.js';
import { writeSaved } from '../../src/control/realserver/saved.js';
import { applyStep, stepText } from '../../src/host/realserver/apply.js';
import { observeHost } from '../../src/host/realserver/observe.js';
import { withState } from '../../src/host/state-file.js';
import { parseIpv4 } from '../../src/model/address-text.js';
import { errorOf } from '../../src/model/errors/weir-error.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';

const [, , steps = '0', vip = ''] = process.argv;
const address = parseIpv4(vip);
if (address === undefined) throw new Error(`not an address: ${vip}`);
withState('realserver', (state) => {
  const netlink = new Netlink();
  const observed = observeHost(netlink);
  const plan = planStart(observed, { vips: [address] }, undefined);
  if (plan.kind === 'refused') throw errorOf(plan.failure);
  state.write(writeSaved(plan.before));
  for (const step of plan.steps.slice(0, Number(steps))) {
    applyStep(netlink, step);
    process.stdout.write(`${stepText(step)}\n`);
  }
  process.stdout.write(plan.steps.length <= Number(steps) ? 'no step left\n' : 'killed\n');
  process.kill(process.pid, 'SIGKILL');
});
