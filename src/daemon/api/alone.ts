// The control API without a daemon: weir api serve.
import { ApiService } from '../../api/api-service.js';
import { apiSettings } from '../../api/api-settings.js';
import type { Log } from '../../model/log-level.js';
import type { TableDocument } from '../../model/table-document.js';
import type { WeirFile } from '../../model/weir-file.js';
import { fileStamp } from '../../sys/files/file-stamp.js';
import { repeatedWork } from '../process/optional-work.js';
import { sourcesOfHost } from './live-changes.js';
import { silencePublisher } from './silence-publisher.js';

/** A weir.yaml that is read again when it was replaced. What cannot be read then leaves what was read before, and is logged once. */
function keptDocument(file: ApiFile, log: Log): () => TableDocument | undefined {
  let { table } = file.first;
  let stamp = fileStamp(file.path);
  const attempt = repeatedWork((reason) => log('warning', `${file.path} is not compared with the table as it is now: ${reason}`));
  return () => {
    attempt(() => {
      const now = fileStamp(file.path);
      if (now === stamp) return;
      stamp = now;
      table = file.read().table;
    });
    return table;
  };
}

/** A weir.yaml: as it was read at the start, and how it is read again. */
export interface ApiFile {
  readonly path: string;
  readonly first: WeirFile;
  /** @throws WeirError weir-file-refused, file-unreadable */
  read(): WeirFile;
}

/** @throws WeirError api-socket-taken; SystemError */
export const startApiAlone = (file: ApiFile | undefined, log: Log): Promise<ApiService> =>
  ApiService.start({
    settings: apiSettings(file?.first.api),
    sources: sourcesOfHost(log, file === undefined ? () => undefined : keptDocument(file, log)),
    log,
    silent: silencePublisher(log),
  });
