// The commands of ipvsadm: the rows of the table that its own program has, too.
import type { Command } from '../command.js';

export const ipvsadmCommands: readonly Command[] = [
  { name: 'ipvsadm', meaning: 'virtual services and their servers, word for word as ipvsadm', load: () => import('../ipvsadm/run.js') },
  {
    name: 'ipvsadm-save',
    meaning: 'print the table as commands',
    usage: 'usage: ipvsadm-save [-n] > FILE',
    load: () => import('../ipvsadm/save-command.js'),
  },
  {
    name: 'ipvsadm-restore',
    meaning: 'put the table on standard input in place of the present one',
    usage: 'usage: ipvsadm-restore < FILE   (all of it, or nothing where a line is wrong; only what differs is changed)',
    load: () => import('../ipvsadm/restore-command.js'),
  },
];
