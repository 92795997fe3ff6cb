// One step by which a host becomes a real server, or stops being one.
import type { Address } from '../../model/address.js';
import type { TunnelDevice, TunnelPort } from './tunnel-devices.js';

export type Step =
  | { readonly kind: 'interface'; readonly name: string; readonly up: boolean }
  | { readonly kind: 'setting'; readonly path: string; readonly value: string }
  /** `interface` absent: lo. `label`: IPv4 on lo only. */
  | { readonly kind: 'add-address' | 'delete-address'; readonly address: Address; readonly label?: string; readonly interface?: string }
  | { readonly kind: 'add-route' | 'delete-route'; readonly address: Address }
  | { readonly kind: 'add-tunnel'; readonly device: TunnelDevice }
  | { readonly kind: 'delete-tunnel'; readonly name: string }
  | { readonly kind: 'add-port' | 'delete-port'; readonly port: TunnelPort };
