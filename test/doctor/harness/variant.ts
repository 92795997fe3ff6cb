// A working set-up made from another one: its name, and what differs.
import type { HostPlan, SetUp } from './types.js';

/** What a host has besides: cables and servers are added, commands follow those that are there. A host that is not there is new. */
export type More = Readonly<Record<string, HostPlan>>;

function joined(plan: HostPlan = {}, more: HostPlan = {}): HostPlan {
  return {
    ...plan,
    ...more,
    cables: { ...plan.cables, ...more.cables },
    run: [...(plan.run ?? []), ...(more.run ?? [])],
    listen: [...(plan.listen ?? []), ...(more.listen ?? [])],
  };
}

/** Hosts are prepared in the order of their names here: new ones come last. */
export function variant(name: string, base: SetUp, more: More, other: Partial<SetUp> = {}): SetUp {
  const names = [...new Set([...Object.keys(base.hosts), ...Object.keys(more)])];
  return { ...base, ...other, name, hosts: Object.fromEntries(names.map((host) => [host, joined(base.hosts[host], more[host])])) };
}
