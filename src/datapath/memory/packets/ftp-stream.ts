// What the helper for FTP (ftp.ts) knows of a control connection.
import type { FtpLine } from './ftp-text.js';
import { type Numbers, noNumbers } from './tcp-numbers.js';

/** Of a control connection: bytes of the server's behind `initSeq` are shifted by `delta`, others by the one before. */
export interface FtpStream {
  /** What comes behind the server's last segment. undefined: not known. */
  line: number | undefined;
  /** That segment ended a line. */
  lineEnded: boolean;
  initSeq: number;
  delta: number;
  previousDelta: number;
  /** Where the last reply begins, which may come again. */
  replySeq: number;
  armed: FtpLine | undefined;
  replied: FtpLine | undefined;
  /** Of its client's bytes, where a local endpoint took the place of its own (FULLNAT). */
  commands: Numbers;
}

export const unknownStream = (): FtpStream => ({
  ...{ line: undefined, lineEnded: false, initSeq: 0, delta: 0, previousDelta: 0, replySeq: 0 },
  ...{ armed: undefined, replied: undefined, commands: noNumbers() },
});
