// ha_suspend: while its address is on no interface, the checkers of a virtual server wait; their verdicts stay.
import { addressId } from '../../model/identity.js';
import { log } from '../machine.js';
import { type CheckContext, changeServer, serverAt } from './context.js';
import { realName } from './names.js';

/** Only virtual servers of one address suspend, not groups and firewall marks. */
export function isSuspended(context: CheckContext, server: number): boolean {
  const { haSuspend, target } = serverAt(context, server).config;
  if (!haSuspend || target.kind !== 'service' || target.key.kind !== 'address') return false;
  return (context.machine.addresses.get(addressId(target.key.address)) ?? 0) === 0;
}

export function takeAddresses(context: CheckContext, counts: ReadonlyMap<string, number>): void {
  context.machine = { ...context.machine, addresses: counts };
  for (const index of context.servers.keys()) settleSuspension(context, index);
}

function settleSuspension(context: CheckContext, server: number): void {
  const suspended = isSuspended(context, server);
  const state = serverAt(context, server);
  if (state.suspended === suspended) return;
  changeServer(context, server, { suspended });
  for (const { config, checkerCount } of state.reals) {
    const what = `healthchecker for service ${realName(config, state.config)} for VS ${state.config.name}`;
    for (let count = 0; count < checkerCount; count++) log(context, `${suspended ? 'Suspending' : 'Activating'} ${what}`);
  }
}
