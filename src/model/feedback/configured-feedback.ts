// The feedback of one service, as a weir.yaml or a command line has it.
import type { ServiceKey } from '../service.js';
import type { FeedbackSettings } from './feedback-settings.js';
import type { LoadSource } from './load-source.js';

export interface ConfiguredFeedback {
  readonly key: ServiceKey;
  readonly source: LoadSource;
  readonly settings: FeedbackSettings;
}
