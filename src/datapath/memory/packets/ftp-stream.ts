// What the helper for FTP (ftp.ts) knows of a control connection.
import type { FtpLine } from './ftp-text.js';

/** Of a control connection: bytes of the server's behind `initSeq` are shifted by `delta`, others by the one before. */
export interface FtpStream {
  /** Where a line of the server's begins, behind its last segment that ended one. */
  line: number | undefined;
  initSeq: number;
  delta: number;
  previousDelta: number;
  /** Where the last reply begins, which may come again. */
  replySeq: number;
  armed: FtpLine | undefined;
  replied: FtpLine | undefined;
}
