// The control API without a daemon: weir api serve.
import { ApiService } from '../../api/api-service.js';
import { apiSettings } from '../../api/api-settings.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Log } from '../../model/log-level.js';
import type { TableDocument } from '../../model/table-document.js';
import type { WeirFile } from '../../model/weir-file.js';
import { isSystemError } from '../../sys/errno.js';
import { fileStamp } from '../../sys/files/file-stamp.js';
import { sourcesOfHost } from './live-changes.js';

/** A weir.yaml that is read again when it was replaced. What cannot be read then leaves what was read before, and is logged once. */
function keptDocument(file: ApiFile, log: Log): () => TableDocument | undefined {
  let { table } = file.first;
  let [stamp, failure] = [fileStamp(file.path), ''];
  return () => {
    try {
      const now = fileStamp(file.path);
      if (now !== stamp) {
        stamp = now;
        table = file.read().table;
      }
      failure = '';
    } catch (error) {
      if (!isSystemError(error) && !isWeirError(error)) throw error;
      if (error.message !== failure) log('warning', `${file.path} is not compared with the table as it is now: ${error.message}`);
      failure = error.message;
    }
    return table;
  };
}

/** A weir.yaml: as it was read at the start, and how it is read again. */
export interface ApiFile {
  readonly path: string;
  readonly first: WeirFile;
  /** @throws WeirError api-file, file-unreadable */
  read(): WeirFile;
}

/** @throws WeirError api-socket-taken; SystemError */
export const startApiAlone = (file: ApiFile | undefined, log: Log): Promise<ApiService> =>
  ApiService.start({
    settings: apiSettings(file?.first.api),
    sources: sourcesOfHost(log, file === undefined ? () => undefined : keptDocument(file, log)),
    log,
  });
