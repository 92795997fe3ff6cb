// What leaves the table: by a reload, or because the daemon stops. With omega a stop notifies, too.
import { log } from '../machine.js';
import { itemsOf } from '../timed-list.js';
import { abandon } from './attempts.js';
import { type CheckContext, changeReal, changeServer, checkersNow, realAt, replaceCheckers, serverAt } from './context.js';
import { realName } from './names.js';
import { mailReal, notifyReal, notifyServer } from './notify.js';
import { aliveWeight } from './pool.js';

export function removeReal(context: CheckContext, server: number, real: number, stopping: boolean): void {
  const { config } = serverAt(context, server);
  const { config: settings, alive } = realAt(context, server, real);
  const inTable = alive || settings.inhibitOnFailure;
  if (inTable || stopping) {
    const inhibited = settings.inhibitOnFailure && !alive ? '(inhibited) ' : '';
    const what = `${inhibited}service ${realName(settings, config)} from VS ${config.name}`;
    log(context, `${stopping ? 'Shutting down' : 'Removing'} ${what}`);
  }
  if (!alive) return;
  changeReal(context, server, real, { alive: false });
  if (stopping && !config.omega) return;
  notifyReal(context, server, real, stopping);
  mailReal(context, server, real, stopping ? 'Shutting down' : 'Removing');
}

/** `flushed`: with lvs_flush_on_stop keepalived has no word about its servers. */
export function removeServer(context: CheckContext, server: number, stopping: boolean, flushed = false): void {
  const { config, reals, quorumUp } = serverAt(context, server);
  if (!flushed) for (const real of reals.keys()) removeReal(context, server, real, stopping);
  const lost = quorumUp && aliveWeight(context, server) === 0;
  changeServer(context, server, { quorumUp: false, sorry: false });
  if (stopping ? config.omega : lost) {
    const threshold = config.quorum - config.hysteresis;
    const sum = `${config.quorum}+${config.hysteresis}=${threshold} <= 0`;
    notifyServer(context, server, stopping ? 'Shutting down' : `Lost quorum ${sum}`, stopping);
  }
  context.effects.push({ kind: 'remove', server: config });
}

export function stop(context: CheckContext, keepServers: boolean): void {
  abandon(context, itemsOf(checkersNow(context)));
  const flushed = context.machine.settings.lvsFlushOnStop !== 'no';
  if (!keepServers) for (const server of context.servers.keys()) removeServer(context, server, true, flushed);
  replaceCheckers(context, []);
  context.servers = [];
  context.changed.clear();
  context.machine = { ...context.machine, slow: [], sharers: new Map(), stopped: true };
}
