// The search of one request for a server, over all its tries: which were tried, and where a hash stands.

export class Attempt {
  /** Indices of servers. */
  readonly tried: number[] = [];
  onBackups = false;
  hash = 0;
  rehash = 0;
  rounds = 0;
  key = '';

  reset(): void {
    this.tried.length = 0;
    this.onBackups = false;
    this.hash = 0;
    this.rehash = 0;
    this.rounds = 0;
    this.key = '';
  }
}

/** So many places a hash looks at before round robin chooses. */
export const ROUNDS_MAX = 20;
