// How node runs each kind of process of the daemon.
import type { ChildKind } from '../../daemon/process/messages.js';
import { VRRP_NODE_FLAGS } from '../../daemon/vrrp/node-flags.js';

/** What must not be late has VRRP's flags. */
export const flagsOf = (kind: ChildKind): readonly string[] => (kind === 'checker' ? [] : VRRP_NODE_FLAGS);
