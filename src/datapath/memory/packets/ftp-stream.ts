// What the helper for FTP (ftp.ts) knows of a control connection.
import type { FtpLine } from './ftp-text.js';

/** Of a control connection whose client has asked for a passive one: bytes of the server's behind `initSeq` are shifted by `delta`, others by the one before. */
export interface FtpStream {
  initSeq: number;
  delta: number;
  previousDelta: number;
  /** Where the last reply begins, which may come again. */
  replySeq: number;
  armed: FtpLine | undefined;
  replied: FtpLine | undefined;
}
