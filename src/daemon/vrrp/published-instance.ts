// What is published of the states of instances.
import type { Counters } from '../../control/vrrp/state/counters.js';
import type { InstanceState } from '../../control/vrrp/state/instance-state.js';
import type { PublishedInstance } from '../../host/published-vrrp.js';

function waitOf({ connectionsWait: wait }: InstanceState): Pick<PublishedInstance, 'connectionsWait'> {
  if (wait === undefined || wait === 'over' || wait.peers.length === 0) return {};
  return { connectionsWait: { peers: wait.peers, untilUs: wait.untilWallUs } };
}

export function publishedInstance(instance: InstanceState): PublishedInstance {
  const { config, state, priority, faults, lastTransitionWallUs: sinceUs, counters, split } = instance;
  const { name, vrid, interface: device = '' } = config;
  const counted: Partial<Counters> = Object.fromEntries(Object.entries(counters).filter(([, count]) => count > 0));
  return {
    ...{ name, state, sinceUs, interface: device, vrid, priority, faults },
    ...waitOf(instance),
    ...(instance.release === undefined ? {} : { released: true }),
    counters: counted,
    split: split !== undefined,
  };
}
