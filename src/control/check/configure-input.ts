// A configuration as the machine of health checks takes it.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { CheckInput } from './messages.js';

export const configureInput = ({ virtualServers, global }: KeepalivedConfiguration): Extract<CheckInput, { kind: 'configure' }> => ({
  kind: 'configure',
  servers: virtualServers,
  settings: global,
});
