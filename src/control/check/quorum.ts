// Quorum with hysteresis: when a virtual server counts as up, and when its sorry server serves.
import { log } from '../machine.js';
import { type CheckContext, changeServer, serverAt } from './context.js';
import { realName } from './names.js';
import { notifyServer } from './notify.js';
import { aliveWeight } from './pool.js';

/** To be called after each change of a weight, of a server's health or of the quorum itself. `initial`: when it is configured. */
export function settleQuorum(context: CheckContext, server: number, initial = false): void {
  const { config, quorumUp, sorry } = serverAt(context, server);
  const weight = aliveWeight(context, server);
  const threshold = config.quorum + (quorumUp ? -config.hysteresis : config.hysteresis);
  if (!quorumUp && weight >= threshold) gain(context, server, weight, threshold, initial);
  else if (quorumUp && (weight === 0 || weight < threshold)) lose(context, server, weight, threshold, initial);
  else if (initial && !quorumUp && config.sorryServer !== undefined && !sorry) lose(context, server, weight, threshold, initial);
}

function gain(context: CheckContext, server: number, weight: number, threshold: number, initial: boolean): void {
  const { config, sorry } = serverAt(context, server);
  const sum = `${config.quorum}+${config.hysteresis}=${threshold} <= ${weight}`;
  log(context, `Gained quorum ${sum} for VS ${config.name}`);
  changeServer(context, server, { quorumUp: true, sorry: false });
  context.changed.add(server);
  if (sorry && config.sorryServer !== undefined) {
    const verb = config.sorryInhibit ? 'Disabling' : 'Removing';
    log(context, `${verb} sorry server ${realName(config.sorryServer, config)} from VS ${config.name}`);
    log(context, `Adding alive servers to the pool for VS ${config.name}`);
  }
  notifyServer(context, server, `${initial ? 'Starting with quorum up' : 'Gained quorum'} ${sum}`);
}

function lose(context: CheckContext, server: number, weight: number, threshold: number, initial: boolean): void {
  const { config, sorry } = serverAt(context, server);
  const what = initial ? 'Starting with quorum down' : 'Lost quorum';
  log(context, `${what} ${config.quorum}-${config.hysteresis}=${threshold} > ${weight} for VS ${config.name}`);
  changeServer(context, server, { quorumUp: false, sorry: config.sorryServer !== undefined });
  context.changed.add(server);
  if (!sorry && config.sorryServer !== undefined) {
    const verb = config.sorryInhibit ? 'Enabling' : 'Adding';
    log(context, `${verb} sorry server ${realName(config.sorryServer, config)} to VS ${config.name}`);
    log(context, `Removing alive servers from the pool for VS ${config.name}`);
  }
  notifyServer(context, server, `${what} ${config.quorum}+${config.hysteresis}=${threshold} <= ${weight}`);
}
