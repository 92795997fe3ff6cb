// The UDP ports at which this network namespace takes GUE (ip fou).
import { WeirError } from '../../model/errors/weir-error.js';
import { unlessCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import { NETLINK_GENERIC, Netlink } from '../../sys/netlink/netlink.js';
import { decodeFamily, decodeFamilyNamed, dumpFamilies, lookUpFamily } from '../../wire/ethtool.js';
import { decodeGuePort, dumpGuePorts, FOU_FAMILY, type GuePort } from '../../wire/gue-ports.js';
import { runTool } from '../run-tool.js';

/** Without the module there are none; asking loads nothing. @throws SystemError */
export function guePortsHere(): readonly GuePort[] {
  return using(new Netlink(undefined, NETLINK_GENERIC), (netlink) => {
    const [number] = netlink.dump(dumpFamilies(), (payload) => decodeFamilyNamed(payload, FOU_FAMILY), 'list families');
    return number === undefined ? [] : netlink.dump(dumpGuePorts(number), decodeGuePort, 'list ports of GUE');
  });
}

/** The number of the family, whose module is loaded where it is not yet. @throws WeirError gue-absent, SystemError */
export function fouFamily(): number {
  const find = (): number | undefined =>
    using(new Netlink(undefined, NETLINK_GENERIC), (netlink) => {
      const answer = unlessCode(() => netlink.get(lookUpFamily(FOU_FAMILY), 'find GUE'), ['ENOENT'], undefined);
      return answer === undefined ? undefined : decodeFamily(answer);
    });
  const found = find();
  if (found !== undefined) return found;
  const loaded = runTool('modprobe', ['fou']);
  const number = find();
  if (number !== undefined) return number;
  throw new WeirError('gue-absent', { why: loaded.kind === 'failed' ? loaded.why : 'modprobe fou loads nothing' });
}
