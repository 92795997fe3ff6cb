// What the process of weir's own stream is doing: /run/weir/sync/COOKIE_stream.json, written by it once a second. It counts only while that process lives.
import { isRecord, parseJson } from '../../model/json.js';
import { type StreamStatus, statusAfter } from '../../model/stream-node.js';
import { monotonicUs } from '../../sys/clock.js';
import { StateFile } from '../state-file.js';
import { isAlive, ownProcess } from './sync-record.js';

/** To be raised with each change of the fields. */
const FORMAT = 3;
const US_PER_S = 1_000_000;

const file = (cookie?: bigint): StateFile => new StateFile('sync', '_stream', cookie);

/** undefined: removes it. @throws SystemError */
export function writeStreamStatus(status: StreamStatus | undefined): void {
  file().write(status && `${JSON.stringify({ format: FORMAT, process: ownProcess(), atUs: monotonicUs(), status })}\n`);
}

/** undefined: no such process runs in the network namespace with this cookie (default: our own). One may stand still. @throws SystemError */
export function readStreamStatus(cookie?: bigint): StreamStatus | undefined {
  const value = parseJson(file(cookie).read() ?? 'null');
  if (!isRecord(value) || value['format'] !== FORMAT || !isRecord(value['process']) || !isRecord(value['status'])) return undefined;
  const { pid, started } = value['process'];
  const isRunning = typeof pid === 'number' && typeof started === 'string' && isAlive({ pid, started });
  if (!isRunning || typeof value['atUs'] !== 'number') return undefined;
  return statusAfter(value['status'] as unknown as StreamStatus, Math.floor((monotonicUs() - value['atUs']) / US_PER_S));
}
