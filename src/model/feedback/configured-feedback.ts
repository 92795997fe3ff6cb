// The feedback of one service, as a weir.yaml or a command line has it.
import type { ConfiguredSettings } from './feedback-settings.js';
import type { FeedbackTarget } from './feedback-target.js';
import type { LoadSource } from './load-source.js';

export interface ConfiguredFeedback {
  readonly key: FeedbackTarget;
  readonly source: LoadSource;
  readonly settings: ConfiguredSettings;
}
