// Deletes a VIP and kills itself before the kernel's COUNTth change: `killed-delete COUNT ADDRESS INTERFACE`.
import { deleteVip } from '../../src/host/vip/vip.js';
import { parseAddress } from '../../src/model/address-text.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';

const [, , count = '0', text = '', device = ''] = process.argv;
const address = parseAddress(text);
if (address === undefined) throw new Error(`not an address: ${text}`);
const { change } = Netlink.prototype;
let left = Number(count);
Netlink.prototype.change = function (...given) {
  if (left === 0) {
    process.stdout.write('killed\n');
    process.kill(process.pid, 'SIGKILL');
  }
  left -= 1;
  change.apply(this, given);
};
deleteVip(address, device, (text) => process.stderr.write(`${text}\n`));
process.stdout.write('no change left\n');
