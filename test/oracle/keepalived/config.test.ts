// keepalived 2.2.7 (Debian 12) on the whole language: test/oracle/keepalived/compare-recording.ts.
import { compareRecording } from './compare-recording.js';

compareRecording('config.json.gz', 'config-differences.json', 7_000);
