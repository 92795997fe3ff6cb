// An interface's settings below /proc/sys/net/*/conf as the kernel reports them over route netlink (RTM_NEWNETCONF): struct netconfmsg, which
// is the family alone in four bytes, and the attributes that changed: 1 interface index (-1: all, -2: default), 2 forwarding, 3 rp_filter.
import { attributeMap } from './netlink.js';

const HEADER_BYTES = 4;
const RP_FILTER = 3;

/** Whether an interface's rp_filter, or that of all, was set; also reported for each new interface. */
export function setsReversePath(payload: Uint8Array): boolean {
  return attributeMap(payload.subarray(HEADER_BYTES))?.has(RP_FILTER) === true;
}
