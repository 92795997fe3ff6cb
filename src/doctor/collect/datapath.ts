// Reads from the datapath's pins what is loaded and attached. Opening the director instead would attach what is missing.
import { readdirSync } from 'node:fs';
import { isAttachable } from '../../datapath/ebpf/load/attached-interfaces.js';
import { isLoaded } from '../../datapath/ebpf/load/load.js';
import { Bpffs } from '../../datapath/ebpf/pins/bpffs.js';
import { Link as BpfLink } from '../../sys/bpf/bpf-objects.js';
import { hasCode, unlessCode } from '../../sys/errno.js';
import { using } from '../../sys/fd.js';
import type { Link } from '../../wire/rtnetlink-link.js';
import type { DatapathFacts } from '../facts.js';

/** Whether the pinned BPF link is still on this interface: a BPF link outlives its interface, and an ifindex is used again. */
function isOnInterface(path: string, ifindex: number): boolean {
  try {
    return using(BpfLink.pinned(path), (link) => link.info().ifindex === ifindex);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

export function collectDatapath(links: readonly Link[]): DatapathFacts {
  const attachable = links.filter(isAttachable);
  const folder = Bpffs.find()?.path();
  const pins = folder === undefined ? [] : unlessCode(() => readdirSync(folder), ['ENOENT'], []);
  if (folder === undefined || pins.length === 0 || !isLoaded(folder)) {
    return { loaded: false, interfaces: attachable.map(({ ifindex, name }) => ({ ifindex, name, attached: [] })) };
  }
  return {
    loaded: true,
    interfaces: attachable.map(({ ifindex, name }) => {
      const attached = ['ingress', 'egress', 'xdp'].filter((hook) => {
        const pin = `link_${ifindex}_${hook}`;
        return pins.includes(`clsact_${ifindex}_${hook}`) || (pins.includes(pin) && isOnInterface(`${folder}/${pin}`, ifindex));
      });
      return { ifindex, name, attached };
    }),
  };
}
