// A whole keepalived.conf as values: what every process of the daemon starts from.
import type { WeirFile } from '../weir-file.js';
import type { GlobalSettings, RootSettings } from './global.js';
import type { SyncGroup, VrrpInstance } from './instance.js';
import type { BfdInstance, TrackFile, TrackProcess, TrackScript } from './trackers.js';
import type { SslContext, VirtualServer, VirtualServerGroup } from './virtual-server.js';

/** Plain data (JSON but for `tunnelId`): it is sent between processes. Lists keep the order of the file. */
export interface KeepalivedConfiguration {
  readonly root: RootSettings;
  readonly global: GlobalSettings;
  readonly instances: readonly VrrpInstance[];
  readonly syncGroups: readonly SyncGroup[];
  readonly scripts: readonly TrackScript[];
  readonly files: readonly TrackFile[];
  readonly processes: readonly TrackProcess[];
  readonly bfds: readonly BfdInstance[];
  readonly ssl?: SslContext;
  readonly virtualServerGroups: readonly VirtualServerGroup[];
  readonly virtualServers: readonly VirtualServer[];
  /** Of `weir run`, which reads a weir.yaml beside keepalived.conf. */
  readonly weir?: WeirFile;
}
