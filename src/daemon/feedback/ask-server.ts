// Asks one server for its load, by HTTP or by the agent's line; bounded in time and size.
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { type AdminState, type ReadReport, wrongReport } from '../../model/feedback/load-report.js';
import type { LoadSource, LoadSourceKind } from '../../model/feedback/load-source.js';
import { type AgentText, agentLine, decodeAgentText } from '../../wire/load/agent-text.js';
import { decodeNodeExporter } from '../../wire/load/node-exporter.js';
import { decodeOrca } from '../../wire/load/orca.js';
import { decodeWeirLoad } from '../../wire/load/weir-load.js';

export interface Asked {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly timeoutMs: number;
}

const ANSWER_MAX_BYTES = 4 * 1024 * 1024;
const HEAD_MAX_BYTES = 16 * 1024;

interface Answer {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const reasonOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.message);

function headersOf({ rawHeaders }: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    headers.set(name, headers.has(name) ? `${headers.get(name)},${value}` : value);
  }
  return headers;
}

/** The answer, or why there is none. */
function httpAnswer({ host, port, path, timeoutMs }: Asked): Promise<Answer | string> {
  return new Promise((done) => {
    const request = get(
      { host, port, path, agent: false, maxHeaderSize: HEAD_MAX_BYTES, headers: { 'user-agent': 'weir-feedback' } },
      (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on('data', (part: Buffer) => {
          size += part.length;
          parts.push(part);
          if (size > ANSWER_MAX_BYTES) end(`the answer is longer than ${ANSWER_MAX_BYTES} bytes`);
        });
        response.on('error', (error) => end(reasonOf(error)));
        response.on('end', () => {
          const { statusCode } = response;
          end(
            statusCode === 200
              ? { headers: headersOf(response), body: Buffer.concat(parts).toString('utf8') }
              : `HTTP status ${statusCode}`,
          );
        });
      },
    );
    const timer = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs);
    const end = (result: Answer | string): void => {
      clearTimeout(timer);
      request.destroy();
      done(result);
    };
    request.on('error', (error) => end(reasonOf(error)));
  });
}

function lineAnswer({ host, port, timeoutMs }: Asked): Promise<{ readonly line: string } | string> {
  return new Promise((done) => {
    let text = '';
    const socket = connect(port, host).setEncoding('latin1');
    const timer = setTimeout(() => end(`no line within ${timeoutMs} ms`), timeoutMs);
    const end = (result: { readonly line: string } | string): void => {
      clearTimeout(timer);
      socket.destroy();
      done(result);
    };
    const look = (ended: boolean): void => {
      try {
        const line = agentLine(text, ended);
        if (line !== undefined) end({ line });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        end(error.message);
      }
    };
    socket.on('data', (more: string) => {
      text += more;
      look(false);
    });
    socket.on('end', () => look(true));
    socket.on('error', (error) => end(reasonOf(error)));
  });
}

/** What an agent wants after its words so far: only the agent undoes what it did. */
class AgentMemory {
  #admin: AdminState = { kind: 'ready' };
  #operating: AdminState = { kind: 'ready' };

  take({ admin, operating, why }: AgentText): AdminState {
    if (admin !== undefined) this.#admin = admin === 'ready' ? { kind: 'ready' } : { kind: 'drain', why: admin };
    if (operating !== undefined)
      this.#operating =
        operating === 'up' ? { kind: 'ready' } : { kind: 'drain', why: why === undefined ? operating : `${operating}: ${why}` };
    return this.#admin.kind === 'drain' ? this.#admin : this.#operating;
  }
}

/** One server's questions, one after the other. */
export class ServerQuestions {
  readonly #memory = new AgentMemory();

  constructor(
    readonly source: LoadSource,
    readonly at: Asked,
  ) {}

  async ask(): Promise<ReadReport> {
    const { kind } = this.source;
    if (kind === 'agent-idle' || kind === 'agent-weight') return this.#askAgent(kind);
    const answer = await httpAnswer(this.at);
    if (typeof answer === 'string') return wrongReport(answer);
    if (kind === 'orca') return decodeOrca(answer.headers);
    return kind === 'weir-load' ? decodeWeirLoad(answer.body) : decodeNodeExporter(answer.body);
  }

  async #askAgent(kind: Extract<LoadSourceKind, 'agent-idle' | 'agent-weight'>): Promise<ReadReport> {
    const answer = await lineAnswer(this.at);
    if (typeof answer === 'string') return wrongReport(answer);
    const text = decodeAgentText(answer.line);
    if (typeof text === 'string') return wrongReport(text);
    const { percent } = text;
    const load = percent === undefined ? {} : kind === 'agent-weight' ? { percent } : { busy: 1 - Math.min(100, percent) / 100 };
    return { kind: 'report', report: { ...load, state: this.#memory.take(text) } };
  }
}
