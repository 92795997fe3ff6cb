// The file of the control API's tokens: made and changed by weir api token, read by the API at each request that comes with one.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { API_SCOPES } from '../model/api-settings.js';
import { type ApiToken, parseToken, TOKEN_NAME, tokenText } from '../model/api-token.js';
import { WeirError } from '../model/errors/weir-error.js';
import { isRecord, parseJson } from '../model/json.js';
import { isSystemError, reasonOf, unlessCode } from '../sys/errno.js';
import { readTextFile, replaceTextFile } from '../sys/files/durable-file.js';
import { locked } from '../sys/files/lock.js';

const [SECRET_BYTES, FILE_MODE, FOLDER_MODE, TOKENS_MAX] = [32, 0o600, 0o755, 1000] as const;
/** Of a file that others may read or write. */
const OTHERS = 0o077;

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

const isText = (value: unknown): value is string => typeof value === 'string';
const isToken = (value: unknown): value is ApiToken =>
  isRecord(value) &&
  isText(value['name']) &&
  TOKEN_NAME.test(value['name']) &&
  API_SCOPES.some((scope) => scope === value['scope']) &&
  typeof value['confidential'] === 'boolean' &&
  (value['expires'] === null || (isText(value['expires']) && Number.isFinite(Date.parse(value['expires'])))) &&
  isText(value['sha256']) &&
  /^[0-9a-f]{64}$/.test(value['sha256']);

const unusable = (path: string, why: string, cause?: unknown): WeirError => new WeirError('api-tokens', { path, why }, { cause });

/** A file that others may read gives no access. @throws WeirError api-tokens */
function checkMode(path: string): void {
  const status = unlessCode(() => statSync(path), ['ENOENT'], undefined);
  if (status === undefined) return;
  if ((status.mode & OTHERS) !== 0) throw unusable(path, 'others than its owner may read or write it: chmod 600');
  if (status.uid !== process.geteuid?.() && status.uid !== 0) throw unusable(path, 'another user has it');
}

/** None where there is no file. @throws WeirError api-tokens */
export function readTokens(path: string): readonly ApiToken[] {
  try {
    checkMode(path);
    const text = readTextFile(path);
    if (text === undefined) return [];
    const value = parseJson(text);
    const tokens = isRecord(value) && value['format'] === 1 ? value['tokens'] : undefined;
    if (!Array.isArray(tokens) || !tokens.every(isToken)) throw unusable(path, 'it is not what weir api token writes');
    return tokens;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw unusable(path, reasonOf(error), error);
  }
}

function changeTokens<T>(
  path: string,
  change: (tokens: readonly ApiToken[]) => { readonly tokens: readonly ApiToken[]; readonly result: T },
): T {
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  return locked(`${path}.lock`, {}, () => {
    const { tokens, result } = change(readTokens(path));
    replaceTextFile(path, `${JSON.stringify({ format: 1, tokens }, null, 1)}\n`, FILE_MODE);
    return result;
  });
}

/** Its text, which is stored nowhere. @throws WeirError api-token-exists, api-tokens, lock-busy; SystemError */
export function addToken(path: string, wanted: Omit<ApiToken, 'sha256'>): string {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return changeTokens(path, (tokens) => {
    if (tokens.some(({ name }) => name === wanted.name)) throw new WeirError('api-token-exists', { name: wanted.name });
    if (tokens.length >= TOKENS_MAX) throw unusable(path, `it has ${TOKENS_MAX} tokens, as many as it may have`);
    return { tokens: [...tokens, { ...wanted, sha256: digestOf(secret).toString('hex') }], result: tokenText(wanted.name, secret) };
  });
}

/** @throws WeirError api-token-missing, api-tokens, lock-busy; SystemError */
export const revokeToken = (path: string, name: string): void =>
  changeTokens(path, (tokens) => {
    const rest = tokens.filter((token) => token.name !== name);
    if (rest.length === tokens.length) throw new WeirError('api-token-missing', { name });
    return { tokens: rest, result: undefined };
  });

export const isExpired = ({ expires }: Pick<ApiToken, 'expires'>, nowMs: number): boolean =>
  expires !== null && Date.parse(expires) <= nowMs;

/** Compared in constant time: an unknown name takes as long as a known one. */
const NO_DIGEST = Buffer.alloc(32);

/** The token with this text, unless it has expired. */
export function matchedToken(tokens: readonly ApiToken[], text: string, nowMs: number): ApiToken | undefined {
  const parsed = parseToken(text);
  const found = tokens.find(({ name }) => name === parsed?.name);
  const stored = found === undefined ? NO_DIGEST : Buffer.from(found.sha256, 'hex');
  const isRight = timingSafeEqual(digestOf(parsed?.secret ?? ''), stored);
  return found !== undefined && isRight && !isExpired(found, nowMs) ? found : undefined;
}

/** The tokens of a file, read again when it has changed: what is revoked gives no access from then on. */
export class TokenFile {
  #seen = '';
  #tokens: readonly ApiToken[] = [];

  constructor(readonly path: string) {}

  /** @throws WeirError api-tokens */
  tokens(): readonly ApiToken[] {
    const seen = this.#state();
    if (seen !== this.#seen) {
      this.#tokens = readTokens(this.path);
      this.#seen = seen;
    }
    return this.#tokens;
  }

  #state(): string {
    try {
      const status = unlessCode(() => statSync(this.path, { bigint: true }), ['ENOENT'], undefined);
      return status === undefined ? '' : `${status.ino} ${status.mtimeNs} ${status.size} ${status.mode} ${status.uid}`;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw unusable(this.path, reasonOf(error), error);
    }
  }
}
