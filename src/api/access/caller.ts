// Who sends a request, and what it may do: by the socket it came by, or by its token or certificate.
import { API_SCOPES, type ApiScope } from '../../model/api-settings.js';

export type Scope = ApiScope;

export interface Caller {
  /** For the journal: `uid 0 (pid 4711)`, `token deploy`, `certificate deploy`. */
  readonly name: string;
  /** Whose streams are counted together: a user of the host, a token. */
  readonly stream: string;
  readonly scope: Scope;
  /** May see what is not for every user of the host: connections with their clients' addresses. */
  readonly confidential: boolean;
}

export const includesScope = (given: Scope, needed: Scope): boolean => API_SCOPES.indexOf(given) >= API_SCOPES.indexOf(needed);
