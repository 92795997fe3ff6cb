// What a weir.yaml has, beside keepalived.conf.
import type { ConfiguredApi } from './api-settings.js';
import type { ConfiguredFeedback } from './feedback/configured-feedback.js';
import { serviceId } from './identity.js';
import type { VirtualServer } from './keepalived/virtual-server.js';
import type { Layer7 } from './layer7/layer7.js';
import type { ServiceKey } from './service.js';
import type { TableDocument } from './table-document.js';
import type { WantedVip } from './vip.js';

export interface WeirFile {
  readonly layer7?: Layer7;
  readonly feedback?: readonly ConfiguredFeedback[];
  /** Where it has a section of layer 4. */
  readonly table?: TableDocument;
  /** All VIPs that weir is to have added to this host; each address once. Absent: they stay as they are. */
  readonly vips?: readonly WantedVip[];
  /** Those services of the table whose servers are checked, as the checker has them; absent: none. */
  readonly checked?: readonly VirtualServer[];
  /** Absent: as by default, where a weir.yaml is there. */
  readonly api?: ConfiguredApi;
}

/** Those whose servers are checked, by `serviceId`. */
export const checkedServices = ({ checked = [] }: Pick<WeirFile, 'checked'>): ReadonlyMap<string, VirtualServer> =>
  new Map(checked.flatMap((server) => (server.target.kind === 'service' ? [[serviceId(server.target.key), server] as const] : [])));

/** The services whose servers are checked. */
export const checkedKeys = ({ checked = [] }: Pick<WeirFile, 'checked'>): readonly ServiceKey[] =>
  checked.flatMap(({ target }) => (target.kind === 'service' ? [target.key] : []));
