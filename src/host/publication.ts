// What processes of the daemon publish of their state, so that other programs need not ask them: /run/weir/KIND/COOKIE.PID.json, one file
// for each process. It is of no use to the daemon itself, and counts only while that process lives.
import { readdirSync } from 'node:fs';
import { parseJson } from '../model/json.js';
import { unlessCode } from '../sys/errno.js';
import { readTextFile, removeFile, replaceTextFile } from '../sys/files/durable-file.js';
import type { NamespaceFolder } from '../sys/policy/sweep-run.js';
import { startTime } from '../sys/processes/child.js';

export interface Published {
  readonly format: number;
  /** Of the process; with its start time, which names it for ever. */
  readonly pid: number;
  readonly started: string;
  /** The daemon's first process. */
  readonly daemon: number;
}

interface Owner {
  readonly cookie: string;
  readonly pid: number;
}

/** The JSON of an object and of one more field, a list whose items are JSON already. */
export const jsonWithList = (head: object, field: string, items: readonly string[]): string =>
  `${JSON.stringify(head).slice(0, -1)},${JSON.stringify(field)}:[${items.join(',')}]}`;

const isAlive = ({ pid, started }: Published): boolean => startTime(pid) === started;

/** One kind of published documents. `cookie`: of the process's network namespace. */
export class Publication<Document extends Published> {
  readonly #folder: string;

  /** `list`: the field that makes a document one of this kind. */
  constructor(
    kind: NamespaceFolder,
    readonly format: Document['format'],
    readonly list: keyof Document,
  ) {
    this.#folder = `/run/weir/${kind}`;
  }

  #pathOf(cookie: string, pid: number): string {
    return `${this.#folder}/${cookie}.${pid}.json`;
  }

  /** @throws SystemError */
  publish(cookie: string, document: Omit<Document, 'format'> & Omit<Published, 'format'>): void {
    replaceTextFile(this.#pathOf(cookie, document.pid), `${JSON.stringify({ format: this.format, ...document })}\n`, 0o600);
  }

  /**
   * Publishes a list whose items are JSON already: to make JSON of thousands takes longer than the caller may stand still.
   * @throws SystemError
   */
  publishItems(cookie: string, { pid, started, daemon }: Omit<Published, 'format'>, items: readonly string[]): void {
    const text = jsonWithList({ format: this.format, pid, started, daemon }, String(this.list), items);
    replaceTextFile(this.#pathOf(cookie, pid), `${text}\n`, 0o600);
  }

  /** @throws SystemError */
  unpublish(cookie: string, pid: number): void {
    removeFile(this.#pathOf(cookie, pid));
  }

  /** Undefined for what no process of weir published. The document may be of another format. */
  #parse(text: string | undefined): Published | undefined {
    const value = parseJson(text ?? 'null') as Partial<Published> | null | undefined;
    return Number.isInteger(value?.format) && Number.isInteger(value?.pid) && typeof value?.started === 'string'
      ? (value as Published)
      : undefined;
  }

  #isReadable(document: Published): document is Document {
    return document.format === this.format && Array.isArray((document as Document)[this.list]);
  }

  /** Processes that have a file there, whether they live or not. */
  #owners(): readonly Owner[] {
    const names = unlessCode(() => readdirSync(this.#folder), ['ENOENT', 'ENOTDIR'], []);
    return names.flatMap((name) => {
      const [, cookie, pid] = /^(\d+)\.(\d+)\.json$/.exec(name) ?? [];
      return cookie === undefined ? [] : [{ cookie, pid: Number(pid) }];
    });
  }

  #read({ cookie, pid }: Owner): Published | undefined {
    return this.#parse(readTextFile(this.#pathOf(cookie, pid)));
  }

  #livingOf(cookie: string): readonly Published[] {
    return this.#owners()
      .filter((owner) => owner.cookie === cookie)
      .map((owner) => this.#read(owner))
      .filter((document) => document !== undefined)
      .filter(isAlive);
  }

  /** What processes that live now have published. */
  living(cookie: string): readonly Document[] {
    return this.#livingOf(cookie).filter((document) => this.#isReadable(document));
  }

  /** The same of all network namespaces. */
  livingAnywhere(): readonly Document[] {
    const cookies = new Set(this.#owners().map(({ cookie }) => cookie));
    return [...cookies].flatMap((cookie) => this.living(cookie));
  }

  /** What living processes of another build of weir have published, in a format that this one cannot read. */
  unreadable(cookie: string): readonly Published[] {
    return this.#livingOf(cookie).filter((document) => !this.#isReadable(document));
  }

  /** Removes the files of processes that were killed, also of namespaces that are gone. @throws SystemError */
  sweep(): void {
    for (const owner of this.#owners()) {
      const document = this.#read(owner);
      if (document === undefined || !isAlive(document)) removeFile(this.#pathOf(owner.cookie, owner.pid));
    }
  }
}
