// Content switching of this network namespace, as it is pinned.

import { switchedServices } from '../../datapath/ebpf/switch/apply-switch.js';
import { hasSwitchProgram } from '../../datapath/ebpf/switch/switch-maps.js';
import { interfacesWithXdp, uncoveredInterfaces } from '../../datapath/ebpf/switch/switch-programs.js';
import { endpointText } from '../../model/endpoint-text.js';
import { readSetting } from '../../sys/files/sysctl.js';
import type { SwitchFact } from '../switch-facts.js';

/** The kernel makes no socket of a segment without the first one, and none with what the others take away. */
const NEEDED = ['tcp_syncookies', 'tcp_sack', 'tcp_window_scaling'] as const;

/** `nameOf`: of an interface. Undefined: nothing is switched. */
export function collectSwitched(folder: string, nameOf: (ifindex: number) => string): SwitchFact | undefined {
  if (!hasSwitchProgram(folder)) return undefined;
  return {
    listeners: switchedServices(folder).flatMap((key) => (key.kind === 'address' ? [endpointText(key)] : [])),
    uncovered: [...new Set([...uncoveredInterfaces(folder), ...interfacesWithXdp(folder)])].map(nameOf),
    off: NEEDED.map((name) => `net.ipv4.${name}`).filter((name) => readSetting(name.replaceAll('.', '/'))?.trim() === '0'),
  };
}
