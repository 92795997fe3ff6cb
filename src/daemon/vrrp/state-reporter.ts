// Reports the states of the instances to the supervisor, which publishes them: soon after a change of state, and within a second what else changed.
import type { InstanceState } from '../../control/vrrp/state/instance-state.js';
import type { PublishedInstance } from '../../host/published-vrrp.js';
import { native } from '../../sys/addon.js';
import { startTime } from '../../sys/processes/child.js';
import type { FromChild } from '../process/messages.js';
import { OnceATurn } from '../process/once-a-turn.js';

const INTERVAL_MS = 1000;

function waitOf({ connectionsWait: wait }: InstanceState): Pick<PublishedInstance, 'connectionsWait'> {
  if (wait === undefined || wait === 'over' || wait.peers.length === 0) return {};
  return { connectionsWait: { peers: wait.peers, untilUs: wait.untilWallUs } };
}

function instanceOf(instance: InstanceState): PublishedInstance {
  const { config, state, priority, faults, lastTransitionWallUs: sinceUs } = instance;
  const { name, vrid, interface: device = '' } = config;
  return { name, state, sinceUs, interface: device, vrid, priority, faults, ...waitOf(instance) };
}

export class StateReporter {
  readonly #cookie = String(native().netnsCookie());
  readonly #started = startTime(process.pid) ?? '';
  readonly #timer: NodeJS.Timeout;
  readonly #soon = new OnceATurn<'report'>(() => this.#report());
  /** What was sent last, as text. */
  #sent = '';

  constructor(
    readonly instances: () => readonly InstanceState[],
    readonly send: (message: FromChild) => void,
  ) {
    this.#timer = setInterval(() => this.#report(), INTERVAL_MS).unref();
    this.changed();
  }

  changed(): void {
    this.#soon.ask('report');
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #report(): void {
    const instances = this.instances().map(instanceOf);
    const text = JSON.stringify(instances);
    if (text === this.#sent) return;
    this.#sent = text;
    this.send({ kind: 'vrrpStates', cookie: this.#cookie, pid: process.pid, started: this.#started, instances });
  }
}
