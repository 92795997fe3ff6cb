// The access log of one process of the proxy.
import type { AccessRecord } from '../../control/proxy/access-record.js';
import { accessLine } from '../../proxy/access-log.js';
import { AppendFile } from './append-file.js';
import type { AccessLogSettings } from './messages.js';

export class AccessLogFile {
  readonly #file: AppendFile;

  constructor(
    readonly settings: AccessLogSettings,
    onFault: (text: string) => void,
  ) {
    this.#file = new AppendFile(settings.path, onFault);
  }

  add(record: AccessRecord): void {
    this.#file.add(accessLine(this.settings.format, record, new Date()));
  }

  /** What cannot be written is dropped. */
  flush(): void {
    this.#file.flush();
  }

  /** After the file was moved away. */
  reopen(): void {
    this.#file.reopen();
  }
}
