// The policy rules of a family (`ip rule`), in the kernel's order.
import type { Family } from '../../model/address.js';
import { decodeRule, dumpRules, type RuleSeen } from '../../wire/rtnetlink-rule.js';
import { unlessCode } from '../errno.js';
import type { Netlink } from './netlink.js';

/** Where the kernel does not know the family. */
export const NO_FAMILY = ['EAFNOSUPPORT', 'EOPNOTSUPP'] as const;

/** None where the kernel does not know the family. @throws SystemError */
export function policyRules(netlink: Netlink, family: Family): readonly RuleSeen[] {
  return unlessCode(() => netlink.dump(dumpRules(family), decodeRule, 'list the policy rules'), NO_FAMILY, []);
}
