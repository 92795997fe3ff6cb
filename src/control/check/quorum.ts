// Quorum with hysteresis: when a virtual server counts as up, and when its sorry server serves.
import { log } from '../machine.js';
import { type CheckContext, changeServer, serverAt } from './context.js';
import { realName } from './names.js';
import { notifyServer } from './notify.js';
import { aliveWeight } from './pool.js';

/** Why the quorum is looked at; `start`: the virtual server is new. */
type Occasion = 'start' | 'reload' | 'change';

/** Decides whether the quorum holds: after each change of a weight, of a server's health or of the quorum itself. */
export function settleQuorum(context: CheckContext, server: number, occasion: Occasion = 'change'): void {
  const { config, quorumUp, sorry } = serverAt(context, server);
  const weight = aliveWeight(context, server);
  const threshold = config.quorum + (quorumUp ? -config.hysteresis : config.hysteresis);
  if (!quorumUp && weight >= threshold) gain(context, server, weight, threshold, occasion);
  else if (quorumUp && (weight === 0 || weight < threshold)) lose(context, server, weight, threshold, occasion);
  // A sorry server that a reload brings serves immediately.
  else if (occasion !== 'change' && !quorumUp && config.sorryServer !== undefined && !sorry)
    lose(context, server, weight, threshold, occasion);
}

function logQuorum(context: CheckContext, text: string): void {
  if (context.machine.settings.noQuorumLines !== true) log(context, text);
}

function gain(context: CheckContext, server: number, weight: number, threshold: number, occasion: Occasion): void {
  const { config, sorry } = serverAt(context, server);
  const sum = `${config.quorum}+${config.hysteresis}=${threshold} <= ${weight}`;
  logQuorum(context, `Gained quorum ${sum} for VS ${config.name}`);
  changeServer(context, server, { quorumUp: true, sorry: false });
  context.changed.add(server);
  if (sorry && config.sorryServer !== undefined) {
    const verb = config.sorryInhibit ? 'Disabling' : 'Removing';
    log(context, `${verb} sorry server ${realName(config.sorryServer, config)} from VS ${config.name}`);
    log(context, `Adding alive servers to the pool for VS ${config.name}`);
  }
  notifyServer(context, server, `${occasion !== 'change' ? 'Starting with quorum up' : 'Gained quorum'} ${sum}`);
}

function lose(context: CheckContext, server: number, weight: number, threshold: number, occasion: Occasion): void {
  const { config, sorry, quorumUp } = serverAt(context, server);
  const what = occasion !== 'change' ? 'Starting with quorum down' : 'Lost quorum';
  logQuorum(context, `${what} ${config.quorum}-${config.hysteresis}=${threshold} > ${weight} for VS ${config.name}`);
  changeServer(context, server, { quorumUp: false, sorry: config.sorryServer !== undefined });
  context.changed.add(server);
  if (!sorry && config.sorryServer !== undefined) {
    const verb = config.sorryInhibit ? 'Enabling' : 'Adding';
    log(context, `${verb} sorry server ${realName(config.sorryServer, config)} to VS ${config.name}`);
    log(context, `Removing alive servers from the pool for VS ${config.name}`);
  }
  // keepalived reports it again for each sorry server that a reload brings; the quorum did not change.
  if (quorumUp || occasion === 'start')
    notifyServer(context, server, `${what} ${config.quorum}+${config.hysteresis}=${threshold} <= ${weight}`);
}
