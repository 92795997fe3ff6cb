// Where the API answers, with this host's defaults for what its weir.yaml leaves open.
import { apiSocketPaths } from '../host/api-sockets.js';
import { API_GROUP, type ApiSettings, type ConfiguredApi } from '../model/api-settings.js';

export function apiSettings(configured: ConfiguredApi | undefined): ApiSettings {
  const { write, read } = apiSocketPaths();
  return {
    write: configured?.write ?? write,
    read: configured?.read ?? read,
    group: configured?.group ?? API_GROUP,
    ...(configured?.tcp === undefined ? {} : { tcp: configured.tcp }),
  };
}
