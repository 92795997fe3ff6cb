// Services of firewall marks among others.
import type { ServiceKey, ServiceSpec } from './service.js';

export type MarkKey = Extract<ServiceKey, { readonly kind: 'fwmark' }>;

/** The keys of those among these. */
export const marksAmong = (services: readonly ServiceSpec[]): readonly MarkKey[] =>
  services.flatMap(({ key }) => (key.kind === 'fwmark' ? [key] : []));
