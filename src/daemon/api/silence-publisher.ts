// What doctor finds of an API that does not answer everywhere.
import type { ApiServiceOptions } from '../../api/api-service.js';
import { publishApiSilence } from '../../host/published-api.js';
import type { Log } from '../../model/log-level.js';
import { repeatedWork } from '../process/optional-work.js';

export function silencePublisher(log: Log): ApiServiceOptions['silent'] {
  const attempt = repeatedWork((reason) => log('warning', `weir doctor will not know where the API does not answer: ${reason}`));
  return (silence) => attempt(() => publishApiSilence(silence));
}
