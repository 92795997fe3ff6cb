// A worker thread that ends with polls alive, in the manner its workerData names.
import { parentPort, workerData } from 'node:worker_threads';
import { native } from '../../src/sys/addon.js';

const n = native();
const mode = workerData as 'idle' | 'busy' | 'returns' | 'throws' | 'stopped';
const fd = n.socket(2, 2, 0);
const POLLIN = 1;
const POLLOUT = 4;

/** Reports that all is set up; the thread may be ended at any moment from then on. */
function ready(): void {
  n.close(fd);
  parentPort?.postMessage('up');
}

if (mode === 'returns') {
  n.pollStart(fd, POLLIN, () => undefined);
  n.close(fd);
  setImmediate(() => process.exit(0));
} else if (mode === 'throws') {
  n.pollStart(fd, POLLOUT, () => {
    throw new Error('thrown on purpose');
  });
  n.close(fd);
} else if (mode === 'busy') {
  n.pollStart(fd, POLLOUT, () => parentPort?.postMessage('ready once more'));
  ready();
} else {
  const handle = n.pollStart(fd, POLLIN, () => undefined);
  if (mode === 'stopped') n.pollStop(handle);
  ready();
  setInterval(() => undefined, 1000);
}
