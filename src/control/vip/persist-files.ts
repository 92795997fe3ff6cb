// The files that add a VIP again at boot by calling weir itself, so that the duplicate-address probe also runs then.
import { shellQuoted } from '../../model/shell-word.js';
import type { PersistFile } from '../realserver/persist-files.js';
import type { SavedVip } from './plan.js';

/** One word of a unit's ExecStart: quoted, `%` and `$` taken literally (systemd.service). */
const unitWord = (word: string) =>
  `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;

const unitPath = (address: string) => `/etc/systemd/system/weir-vip-${address}.service`;
const wantsPath = (address: string) => `/etc/systemd/system/multi-user.target.wants/weir-vip-${address}.service`;
/** run-parts takes no dots or colons in names. */
const hookPath = (address: string) => `/etc/network/if-up.d/weir-vip-${address.replaceAll(/[.:]/g, '-')}`;

/** Every path that may be written for a VIP, on any kind of host. */
export function vipPersistPaths(address: string): readonly string[] {
  return [wantsPath(address), unitPath(address), hookPath(address)];
}

/** `force`: as the option of `weir vip add`. */
export interface VipAtBoot {
  readonly vip: SavedVip;
  readonly force: boolean;
}

/** `command`: the words that start weir. */
export function vipPersistFiles(
  { vip, force }: VipAtBoot,
  command: readonly string[],
  init: 'systemd' | 'ifupdown',
): readonly PersistFile[] {
  const { address, prefixLength, interface: name, label } = vip;
  const options = ['--dev', name, ...(label === undefined ? [] : ['--label', label]), ...(force ? ['--force'] : [])];
  const add = [...command, 'vip', 'add', `${address}/${prefixLength}`, ...options];
  const remove = [...command, 'vip', 'del', address, '--dev', name];
  const origin = `# Written by "weir vip add --persist"; removed by "weir vip del --persist".`;
  if (init === 'ifupdown') {
    const text = `#!/bin/sh\n${origin}\n[ "\${IFACE-}" = ${shellQuoted(name)} ] || exit 0\nexec ${add.map(shellQuoted).join(' ')}\n`;
    return [{ path: hookPath(address), text, mode: 0o755 }];
  }
  const text = `${origin}
[Unit]
Description=LVS virtual address ${address} on ${name}
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${add.map(unitWord).join(' ')}
ExecStop=${remove.map(unitWord).join(' ')}

[Install]
WantedBy=multi-user.target
`;
  return [
    { path: unitPath(address), text, mode: 0o644 },
    { path: wantsPath(address), link: unitPath(address), mode: 0o777 },
  ];
}
