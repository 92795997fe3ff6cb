// The pins of what is attached, by their names, and whether it is attached still: a pinned BPF link outlives its interface, and the
// interface's number is used again.
import { native } from '../../../sys/addon.js';
import { Link as BpfLink } from '../../../sys/bpf/bpf-objects.js';
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

function hasFilter(ifindex: number, egress: boolean): boolean {
  try {
    native().bpfTcQuery(ifindex, egress, TC_HANDLE, TC_PRIORITY);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENODEV', 'EINVAL')) return false;
    throw error;
  }
}

/** Whether what is pinned there is on its interface now. */
export function isAttached(folder: string, name: string): boolean {
  const pin = parseAttachmentPin(name);
  if (pin === undefined) return false;
  if (pin.kind === 'clsact') return hasFilter(pin.ifindex, pin.hook === 'egress');
  try {
    return using(BpfLink.pinned(`${folder}/${name}`), (link) => link.info().ifindex === pin.ifindex);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
