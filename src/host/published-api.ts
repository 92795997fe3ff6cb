// Where control APIs of this network namespace cannot answer though they are configured to: /run/weir/api/COOKIE_PID.json, kept by each process, and only
// while there is something. It counts only while that process lives.
import { readdirSync } from 'node:fs';
import type { ApiSilence } from '../model/api-settings.js';
import { isRecord, parseJson } from '../model/json.js';
import { native } from '../sys/addon.js';
import { unlessCode } from '../sys/errno.js';
import { removeFile, replaceTextFile } from '../sys/files/durable-file.js';
import { makeFolders } from '../sys/files/make-folders.js';
import { netnsStatePath, StateFile, stateFolder } from './state-file.js';
import { isAlive, ownProcess } from './sync/sync-record.js';

/** To be raised with each change of the fields. */
const FORMAT = 1;

const NAME = /^(\d+)_(\d+)\.json$/;

/** undefined: it answers everywhere. @throws SystemError */
export function publishApiSilence(silence: ApiSilence | undefined): void {
  const path = netnsStatePath('api', `_${process.pid}`);
  if (silence === undefined) {
    removeFile(path);
    return;
  }
  makeFolders(stateFolder('api'));
  replaceTextFile(path, `${JSON.stringify({ format: FORMAT, process: ownProcess(), ...silence })}\n`);
}

function silenceIn(text: string | undefined): ApiSilence | undefined {
  const value = parseJson(text ?? 'null');
  if (!isRecord(value) || value['format'] !== FORMAT || !isRecord(value['process'])) return undefined;
  const { places, why } = value;
  const { pid, started } = value['process'];
  if (typeof pid !== 'number' || typeof started !== 'string' || !isAlive({ pid, started })) return undefined;
  const areTexts = Array.isArray(places) && places.every((place) => typeof place === 'string');
  return areTexts && typeof why === 'string' ? { places, why } : undefined;
}

/** Of the processes that run. @throws SystemError */
export function readApiSilences(): readonly ApiSilence[] {
  const own = String(native().netnsCookie());
  const names = unlessCode(() => readdirSync(stateFolder('api')), ['ENOENT'], []).map((name) => NAME.exec(name));
  return names.flatMap((match) => (match?.[1] === own ? (silenceIn(new StateFile('api', `_${match[2]}`).read()) ?? []) : []));
}
