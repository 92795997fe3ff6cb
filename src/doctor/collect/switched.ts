// Content switching of this network namespace, as it is pinned.
import { readWeirFile } from '../../config/weir/read.js';
import { switchPlan } from '../../control/layer7/switch/switch-plan.js';
import { switchedServices } from '../../datapath/ebpf/switch/apply-switch.js';
import { hasSwitchProgram } from '../../datapath/ebpf/switch/switch-maps.js';
import { kernelTypes, switchLacks } from '../../datapath/ebpf/switch/switch-needs.js';
import { interfacesWithXdp, uncoveredInterfaces } from '../../datapath/ebpf/switch/switch-programs.js';
import { hostConfigFiles } from '../../host/config-files.js';
import { ownSubnets } from '../../host/own-subnets.js';
import { endpointText } from '../../model/endpoint-text.js';
import type { DestinationKey } from '../../model/service.js';
import { readSetting } from '../../sys/files/sysctl.js';
import type { SocketFact } from '../facts.js';
import { takes } from '../socket-takes.js';
import type { SwitchFact, WantedSwitchFact } from '../switch-facts.js';
import { collectSockets } from './sockets.js';

/** The kernel makes no socket of a segment without the first one, and none with what the others take away. */
const NEEDED = ['tcp_syncookies', 'tcp_sack', 'tcp_window_scaling'] as const;

const WEIR_FILE = '/etc/weir/weir.yaml';

/** What /etc/weir/weir.yaml asks for. `types`: of the kernel. Undefined: nothing. */
export function collectWantedSwitch(path = WEIR_FILE, types = kernelTypes()): WantedSwitchFact | undefined {
  const read = hostConfigFiles.read(path);
  const layer7 = read.kind === 'text' ? readWeirFile(read.text).file.layer7 : undefined;
  const listeners = layer7 === undefined ? [] : [...new Set(switchPlan(layer7, ownSubnets()).listeners.map(({ name }) => name))];
  return listeners.length === 0 ? undefined : { file: path, listeners, lacks: switchLacks(types) };
}

/** Those that no socket takes connections for; where the kernel does not list sockets, it is not known of any. */
export const unservedOf = (listeners: readonly DestinationKey[], sockets: readonly SocketFact[] | undefined): readonly DestinationKey[] =>
  listeners.filter(
    ({ address, port }) => sockets?.some((one) => one.protocol === 'tcp' && one.port === port && takes(one, address)) === false,
  );

/** `nameOf`: of an interface. Undefined: nothing is switched. */
export function collectSwitched(folder: string, nameOf: (ifindex: number) => string): SwitchFact | undefined {
  if (!hasSwitchProgram(folder)) return undefined;
  const listeners = switchedServices(folder).filter((key) => key.kind === 'address');
  return {
    listeners: listeners.map((at) => endpointText(at)),
    unserved: unservedOf(listeners, collectSockets()).map((at) => endpointText(at)),
    uncovered: [...new Set([...uncoveredInterfaces(folder), ...interfacesWithXdp(folder)])].map(nameOf),
    off: NEEDED.map((name) => `net.ipv4.${name}`).filter((name) => readSetting(name.replaceAll('.', '/'))?.trim() === '0'),
  };
}
