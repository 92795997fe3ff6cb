// Which processes a configuration needs. Pure.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { ChildKind } from '../process/messages.js';
import type { DaemonOptions } from './daemon-options.js';

/** Static objects are the VRRP process's, too. */
function hasVrrp({ instances, root }: KeepalivedConfiguration): boolean {
  return instances.length > 0 || root.staticAddresses.length > 0 || root.staticRoutes.length > 0 || root.staticRules.length > 0;
}

export function partsWanted(options: Pick<DaemonOptions, 'parts' | 'all'>, configuration: KeepalivedConfiguration): readonly ChildKind[] {
  const wanted: ChildKind[] = [];
  if (options.parts.checker && (options.all || configuration.virtualServers.length > 0)) wanted.push('checker');
  if (options.parts.vrrp && (options.all || hasVrrp(configuration))) wanted.push('vrrp');
  if (options.parts.bfd && (options.all || configuration.bfds.length > 0)) wanted.push('bfd');
  return wanted;
}
