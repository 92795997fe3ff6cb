// The clocks of this host, as dump files show them.
import type { HostClocks } from '../../dump/live.js';
import { monotonicUs } from '../../sys/clock.js';
import { ctime } from '../log/log-text.js';

export const hostClocks = (): HostClocks => ({
  offsetUs: Date.now() * 1000 - monotonicUs(),
  ctime: (seconds) => ctime(new Date(seconds * 1000)),
});
