// What a daemon publishes of the health of its servers. Times: us since 1970; 0: not known, or from the start.
import type { RealServerHealth, VirtualServerHealth } from '../model/keepalived/server-health.js';
import { Publication, type Published } from './publication.js';

export interface PublishedServer extends VirtualServerHealth {
  readonly reals: readonly RealServerHealth<{ readonly sinceUs: number }>[];
}

export interface PublishedChecks extends Published {
  readonly format: 2;
  readonly servers: readonly PublishedServer[];
}

export const publishedChecks = new Publication<PublishedChecks>('checks', 2, 'servers');
