// What weir feedback publishes of its services. Times: ms since 1970.
import type { FeedbackStatus } from '../control/feedback/status.js';
import { Publication, type Published } from './publication.js';

export interface PublishedService extends FeedbackStatus {
  /** As serviceWord. */
  readonly service: string;
  /** How servers are asked. */
  readonly source: string;
}

export interface PublishedFeedback extends Published {
  readonly format: 1;
  readonly services: readonly PublishedService[];
}

export const publishedFeedback = new Publication<PublishedFeedback>('feedback', 1, 'services');
