// The control API without a daemon: weir api serve.
import { ApiService } from '../../api/api-service.js';
import { apiSettings } from '../../api/api-settings.js';
import type { ConfiguredApi } from '../../model/api-settings.js';
import type { Log } from '../../model/log-level.js';
import { sourcesOfHost } from './live-changes.js';

/** @throws WeirError api-socket-taken; SystemError */
export const startApiAlone = (configured: ConfiguredApi | undefined, log: Log): Promise<ApiService> =>
  ApiService.start({ settings: apiSettings(configured), sources: sourcesOfHost(log), log });
