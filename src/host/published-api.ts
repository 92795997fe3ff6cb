// Where control APIs cannot answer though they are configured to: published by each process while there is something.
import type { ApiSilence } from '../model/api-settings.js';
import { native } from '../sys/addon.js';
import { Publication, type Published } from './publication.js';
import { ownProcess } from './sync/sync-record.js';

interface PublishedSilence extends Published, ApiSilence {
  readonly format: 1;
}

const published = new Publication<PublishedSilence>('api', 1, 'places');
const ownCookie = (): string => String(native().netnsCookie());

/** undefined: it answers everywhere. @throws SystemError */
export function publishApiSilence(silence: ApiSilence | undefined): void {
  if (silence === undefined) published.unpublish(ownCookie(), process.pid);
  else published.publish(ownCookie(), { ...ownProcess(), daemon: process.pid, ...silence });
}

/** Of the processes of this network namespace that run. */
export const readApiSilences = (): readonly ApiSilence[] => published.living(ownCookie());
