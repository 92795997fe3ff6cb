// Files that are fetched from FTP servers, and stored there, by curl.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../support/netns-bed.js';
import { ok, VIP } from './cluster.js';
import type { Files } from './ftp-server.js';

/** What curl is to ask for: PASV, EPSV, PORT and EPRT. */
export const WAYS = {
  PASV: ['--disable-epsv'],
  EPSV: [],
  PORT: ['--disable-eprt', '-P', '-'],
  EPRT: ['-P', '-'],
} as const;

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

const curl = (client: Host, ...words: readonly string[]): string => ok(client.run(['curl', '-sS', '-m', '30', ...words]));

/** Fetches the file twice in one session, and stores it once. */
export function exchange(client: Host, { folder, shared, stored }: Files, way: readonly string[], name: string, at: string = VIP): void {
  const copies = [1, 2].map((k) => join(folder, `${name}-${k}`));
  const url = `ftp://${at}/file`;
  curl(client, ...way, ...copies.flatMap((copy) => ['-o', copy, url]));
  for (const copy of copies) assert.equal(digest(copy), digest(shared), `${name}: fetched`);
  curl(client, ...way, '-T', shared, `ftp://${at}/in/${name}`);
  assert.equal(digest(join(stored, name)), digest(shared), `${name}: stored`);
}
