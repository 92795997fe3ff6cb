// All of a host that a command of weir could change, to be compared before and after commands that must change nothing.
import { readdirSync, statSync } from 'node:fs';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { Tables } from '../../src/datapath/ebpf/table/tables.js';
import { unlessCode } from '../../src/sys/errno.js';
import { using } from '../../src/sys/fd.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import type { Host } from './netns-bed.js';

/** The bytes of a table that no packet and no timer writes. */
function bytesOf(folder: string): readonly string[] {
  const { conf, services, dests, interfaces } = new Tables(folder);
  const own = Buffer.from(conf.memory.slice(0));
  own.fill(0, Conf.jiffiesAt.at, Conf.swept.at + Conf.swept.size);
  return [own, ...[services, dests, interfaces].map(({ memory }) => Buffer.from(memory, 0, 4096))].map((bytes) => bytes.toString('base64'));
}

/** Pins, lock, tables, sysctls, interfaces, addresses, routes and rules. */
export function hostPicture(host: Host): unknown {
  const { cookie } = using(Netns.byName(host.namespace), (netns) => netns);
  const bpffs = Bpffs.ensure();
  const folder = bpffs.path(cookie);
  const pins = unlessCode(() => readdirSync(folder), ['ENOENT'], []).map((name) => {
    const { ino, mtimeMs } = statSync(`${folder}/${name}`);
    return [name, ino, mtimeMs];
  });
  // Without a lock file of its own a namespace has the bpffs, which other tests change.
  const lockPath = bpffs.presentLock(cookie);
  const lock = lockPath === bpffs.base ? undefined : statSync(lockPath);
  const settings = host.run(['sh', '-c', 'grep -r . /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf 2>/dev/null | sort']).stdout;
  const network = [host.ip('-details link show'), host.ip('addr show'), host.ip('route show table all'), host.ip('rule show')];
  const bytes = pins.some(([name]) => name === 'conf') ? bytesOf(folder) : [];
  return { pins, lock: [lockPath, lock?.ino, lock?.mtimeMs], settings, network, bytes };
}
