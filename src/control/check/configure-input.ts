// A configuration as the machine of health checks takes it.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { reachablePart } from '../../model/keepalived/served-as.js';
import type { CheckInput } from './messages.js';

/** Servers that cannot be reached yet are no part of it. */
export const configureInput = ({ virtualServers, global }: KeepalivedConfiguration): Extract<CheckInput, { kind: 'configure' }> => ({
  kind: 'configure',
  servers: virtualServers.map(reachablePart),
  settings: global,
});
