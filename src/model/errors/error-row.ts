// The shape of one row of the error table. Pure: rows make texts of details, nothing else.

/** The errno names by which the kernel's IPVS refuses a change; ipvsadm turns them into its own texts. */
export type RefusalErrno = 'EEXIST' | 'ENOENT' | 'ESRCH' | 'EINVAL' | 'ERANGE' | 'ENOSPC' | 'EOPNOTSUPP' | 'ENODEV' | 'ENETUNREACH';

/** `D`: the details that the texts are made of; plain values, so that an API can pass them on. */
export interface ErrorRow<D> {
  /** What went wrong, as one line without a full stop and without the program's name. */
  readonly text: (details: D) => string;
  /** What the reader can do about it. */
  readonly hint?: string | ((details: D) => string | undefined);
  /** 1: it could not be done; 2: the command line or a file is wrong; 255: a word that popt refuses, as in ipvsadm. */
  readonly exitStatus: 1 | 2 | 255;
  /** Set where a director refuses a change that the kernel's IPVS refuses, too. */
  readonly errno?: RefusalErrno;
}

/** Rows by code. A code is lower case with dashes; once released it does not change. */
export type ErrorRows = Readonly<Record<string, ErrorRow<never>>>;
