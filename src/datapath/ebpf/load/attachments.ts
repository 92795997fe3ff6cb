// The pins of what is attached, by their names, and whether it is attached still: a pinned BPF link outlives its interface, and the
// interface's number is used again.
import { native } from '../../../sys/addon.js';
import { Link as BpfLink, Program } from '../../../sys/bpf/bpf-objects.js';
import { hasCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';

export const HOOKS = ['ingress', 'egress', 'xdp'] as const;
export type Hook = (typeof HOOKS)[number];
/** Where tcx is missing (Linux before 6.6): the place of our filter in clsact. */
export const TC_HANDLE = 1;
export const TC_PRIORITY = 49000;

export interface AttachmentPin {
  readonly kind: 'link' | 'clsact';
  readonly ifindex: number;
  readonly hook: Hook;
}

/** undefined: it is a pin of something else. */
export function parseAttachmentPin(name: string): AttachmentPin | undefined {
  const [, kind, ifindex, hook] = /^(link|clsact)_(\d+)_(ingress|egress|xdp)$/.exec(name) ?? [];
  if (kind === undefined) return undefined;
  return { kind: kind as AttachmentPin['kind'], ifindex: Number(ifindex), hook: hook as Hook };
}

/** The number of the program in our place; undefined: there is none. */
function filterAt(ifindex: number, egress: boolean): number | undefined {
  try {
    return native().bpfTcQuery(ifindex, egress, TC_HANDLE, TC_PRIORITY);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENODEV', 'EINVAL')) return undefined;
    throw error;
  }
}

/**
 * Is the qdisc a plain `ingress` one, whose only list of filters the kernel gives for egress, too? A filter for egress would replace that for
 * ingress, which is there first: two programs of ours never have one number.
 */
export function hasNoEgress(ifindex: number): boolean {
  const ingress = filterAt(ifindex, false);
  return ingress !== undefined && ingress === filterAt(ifindex, true);
}

/** hasNoEgress(), with a notice where it is so. */
export function takesNoEgress(ifindex: number, name: string, pins: ReadonlySet<string>, onNotice: (text: string) => void): boolean {
  if (!hasNoEgress(ifindex)) return false;
  const why = 'where no program for egress can be, so what this host sends there is not seen; weir doctor has what to do';
  // Only the command that covers the rest of it.
  if (!pins.has(`clsact_${ifindex}_ingress`)) onNotice(`${name} has a qdisc “ingress”, ${why}`);
  return true;
}

/** Whether what is pinned there is on its interface now, and for this hook. */
export function isAttached(folder: string, name: string): boolean {
  const pin = parseAttachmentPin(name);
  if (pin === undefined) return false;
  try {
    if (pin.kind === 'clsact') {
      const id = using(Program.pinned(`${folder}/${name}`), (program) => program.id());
      // A filter for egress that came into a qdisc `ingress` is found at both hooks.
      const isEgress = pin.hook === 'egress';
      return filterAt(pin.ifindex, isEgress) === id && (!isEgress || filterAt(pin.ifindex, false) !== id);
    }
    return using(BpfLink.pinned(`${folder}/${name}`), (link) => link.info().ifindex === pin.ifindex);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
