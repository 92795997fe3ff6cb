// The commands that a lab needs on this machine, and the packages of those that are missing.
import type { Lab } from '../definition/lab.js';
import { findCommand } from '../state/paths.js';

/** Debian's and Ubuntu's package for a command. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  bridge: 'iproute2',
  nginx: 'nginx-light',
  ab: 'apache2-utils',
  arping: 'iputils-arping',
  unshare: 'util-linux',
  tcpdump: 'tcpdump',
  nft: 'nftables',
  pgrep: 'procps',
  nsenter: 'util-linux',
  'ansible-playbook': 'ansible-core',
  'ganesha.nfsd': 'nfs-ganesha-vfs',
  rpcbind: 'rpcbind',
  'dbus-run-session': 'dbus',
  gio: 'libglib2.0-bin gvfs-backends gvfs-fuse',
};

/** The commands without which the lab cannot run. */
export function neededCommands(lab: Lab): readonly string[] {
  const captures = lab.capture !== false && lab.steps.some(({ kind }) => kind === 'traffic');
  return [...new Set(['ip', 'bridge', 'unshare', ...(captures ? ['tcpdump'] : []), ...(lab.needs ?? [])])];
}

/** One line that names what is missing and how to install it; undefined: nothing is missing. */
export function missing(lab: Lab, has: (command: string) => boolean = (command) => findCommand(command) !== undefined): string | undefined {
  const absent = neededCommands(lab).filter((command) => !has(command));
  if (absent.length === 0) return undefined;
  const packages = [...new Set(absent.map((command) => PACKAGES[command] ?? command))];
  return `${lab.name} needs ${absent.join(', ')}: apt-get install ${packages.join(' ')}`;
}
