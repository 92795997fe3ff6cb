// Why a test cannot run here: the one form of every reason to skip, `probe NAME: what is missing`. The runner (dev/test-skips.mjs) knows
// which probes may fail where CI runs; any other skip is a failure there.
import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { findCommand } from '../../src/lab/state/paths.js';

/** The reason to skip, or false. */
export type Skip = string | false;

export const probe = (name: string, works: boolean, missing: string): Skip => (works ? false : `probe ${name}: ${missing}`);

export const noRoot = (): Skip => probe('root', process.getuid?.() === 0, 'this needs root');

/** Probe `tools`: commands that `./weir setup` brings. */
export function noTools(...names: readonly string[]): Skip {
  const absent = names.filter((name) => findCommand(name) === undefined);
  return probe('tools', absent.length === 0, `no ${absent.join(', ')} here`);
}

/** A probe of its own for a command that is there and may not work, such as one of another kernel's tables. */
export const notWorking = (name: string, ...argv: readonly string[]): Skip =>
  probe(name, spawnSync(argv[0] ?? '', argv.slice(1), { stdio: 'ignore' }).status === 0, `${argv.join(' ')} does not work here`);

const EVERY_TUNNEL =
  'for kind in ipip gre ip6tnl ip6gre; do ip link add all$kind type $kind external || exit; done; ip link add sit1 type sit remote 192.0.2.1 && ip fou add port 6080 gue';

/** Probe `tunnels`: every kind of tunnel device that takes packets of any host, and GUE. */
export const noTunnels = (): Skip =>
  probe(
    'tunnels',
    spawnSync('unshare', ['--net', 'sh', '-c', EVERY_TUNNEL], { stdio: 'ignore' }).status === 0,
    'this kernel lacks tunnel devices (ipip, sit, gre, ip6tnl, ip6gre) or GUE; test/vm has one with all',
  );

/** Probe `first-namespaces`: whether this process sees all others of the machine, which it must to know what is gone. */
export function notFirstNamespaces(): Skip {
  const first = readlinkSync('/proc/self/ns/pid') === 'pid:[4026531836]' && readlinkSync('/proc/self/ns/user') === 'user:[4026531837]';
  return probe('first-namespaces', first, 'runs in a container with a pid or user namespace of its own');
}
