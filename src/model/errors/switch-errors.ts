// Why content switching in the datapath is refused.
import type { ErrorRows } from './error-row.js';

export const switchErrors = {
  'switch-needs-tc': {
    text: () => 'content switching needs tc alone: XDP in front of it would pass by it',
    hint: 'weir load --attach tc',
    exitStatus: 1,
  },
  /** `why`: what is missing. */
  'switch-needs-kernel': {
    text: ({ why }: { why: string }) => `content switching needs a later kernel: this one lacks ${why}`,
    hint: 'start Linux 6.9 or later with CONFIG_SYN_COOKIES; weir proxy serves the same file on this one',
    exitStatus: 1,
  },
  'switch-service-taken': {
    text: ({ name }: { name: string }) =>
      `there is a virtual service of the address of the listener ${name} already, which is not switched`,
    hint: 'delete it by ipvsadm -D, or take the way switch out of the file',
    exitStatus: 1,
  },
} as const satisfies ErrorRows;
