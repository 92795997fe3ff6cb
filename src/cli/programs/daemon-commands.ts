// The commands that are the daemon: the rows of the table that its own program has.
import type { Command } from '../command.js';

export const daemonCommands: readonly Command[] = [
  {
    name: 'keepalived',
    meaning: 'the daemon: VRRP and virtual servers, word for word as keepalived',
    usage: 'usage: keepalived [OPTION ...]   (keepalived -h lists them, differences: docs/keepalived.md)',
    load: () => import('../keepalived/run.js'),
  },
  {
    name: 'run',
    meaning: 'the same daemon, with the proxy and feedback of a weir.yaml',
    usage:
      'usage: weir run [--weir-config FILE] [OPTION ...]   (those of keepalived: keepalived -h; without FILE: /etc/weir/weir.yaml, if it is there)',
    load: () => import('../keepalived/weir-run.js'),
  },
];
