// keepalived 2.2.7 (Debian 12) on the whole language: test/oracle/keepalived/judged.ts.
import { judgeReading } from './judged.js';

judgeReading('config.json.gz', 'config-differences.json', 7_000);
