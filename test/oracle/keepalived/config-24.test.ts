// keepalived 2.4.3 on what came after 2.2.7: test/oracle/keepalived/compare-recording.ts.
import { compareRecording } from './compare-recording.js';

compareRecording('config-24.json.gz', 'config-24-differences.json', 600);
