// The host on which keepalived was recorded, as facts: interfaces lo and eth0..eth3, only the user root, scripts of every kind under
// /mnt/ka.
import { posix } from 'node:path';
import type { HostFacts, HostInterface } from '../../../src/config/keepalived/host/examine-host.js';
import type { ScriptState } from '../../../src/config/keepalived/host/examine-scripts.js';

const PROGRAMS = ['true', 'false', 'sh', 'bash', 'echo', 'killall', 'curl', 'test', 'sleep', 'cat', 'ls'];
const SAFE = ['ok', 'noexec', 'wgroup', 'suid', 'xroot', 'noshebang', 'empty', 'link'];
const UNSAFE = ['wworld', 'nobody', 'linkopen'];

const scripts: ReadonlyMap<string, ScriptState> = new Map<string, ScriptState>([
  ...['/usr/bin/', '/bin/', ''].flatMap((folder) => PROGRAMS.map((name) => [folder + name, 'found'] as const)),
  ...SAFE.map((name) => [`/mnt/ka/closed/${name}.sh`, 'found'] as const),
  ...UNSAFE.map((name) => [`/mnt/ka/closed/${name}.sh`, 'insecure'] as const),
  ...['ok', 'noexec', 'wworld', 'wgroup', 'suid', 'xroot'].map((name) => [`/mnt/ka/open/${name}.sh`, 'insecure'] as const),
  ['/mnt/ka/closed', 'unfit'],
  ['/mnt/ka/open', 'unfit'],
  ['/', 'unfit'],
  ['/usr/bin', 'unfit'],
  ['/etc/passwd', 'found'],
]);

const plain: HostInterface = { loopback: false, macvlan: false };

export const RECORDED_HOST: HostFacts = {
  interfaces: new Map([
    ['lo', { loopback: true, macvlan: false }],
    ...['eth0', 'eth1', 'eth2', 'eth3'].map((name) => [name, plain] as const),
  ]),
  script({ argv: [word = ''] }) {
    if (word.startsWith('<')) return 'shell';
    return scripts.get(word.startsWith('/') ? posix.normalize(word) : word) ?? 'absent';
  },
  user: (name) => name === 'root' || name === 'nobody',
  group: (name) => name === 'root' || name === 'nogroup',
};
