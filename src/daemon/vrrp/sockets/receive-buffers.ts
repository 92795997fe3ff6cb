// vrrp_rx_bufs_policy and kernel_rx_buf_size: how much may wait in the socket that several instances listen to. Pure.
import type { ReceiveBuffers } from '../../../model/keepalived/global.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';

const IP_HEADER = { inet: 20, inet6: 0 } as const;
const VRRP_HEADER = 8;
const ADDRESS = { inet: 4, inet6: 16 } as const;
/** Behind or in front of the advert: version 2's eight bytes, AH's header, auth_hmac's trailer. */
const PASSWORD = 8;
const AH = 24;
const TRAILER = 28;

/** The length of an instance's advert as its socket gets it, bytes. */
export function advertBytes({ family, version, addresses, authentication }: VrrpInstance): number {
  const authenticator = authentication.kind === 'ah' ? AH : authentication.kind === 'hmac' ? TRAILER : 0;
  return IP_HEADER[family] + VRRP_HEADER + addresses.length * ADDRESS[family] + (version === 2 ? PASSWORD : 0) + authenticator;
}

/** Bytes for one socket: what each of its instances asks for, or the policy gives it; undefined: the system's own size. */
export function bufferBytes(instances: readonly VrrpInstance[], policy: ReceiveBuffers['adverts'], mtu: number): number | undefined {
  const share = (instance: VrrpInstance): number => {
    if (instance.receiveBufferBytes !== undefined) return instance.receiveBufferBytes;
    switch (policy?.kind) {
      case undefined:
        return 0;
      case 'bytes':
        return policy.amount;
      case 'mtu':
        return policy.amount * mtu;
      case 'advert':
        return policy.amount * advertBytes(instance);
    }
  };
  return instances.reduce((sum, instance) => sum + share(instance), 0) || undefined;
}
