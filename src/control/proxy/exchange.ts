// One request and its answer: which server is asked, what is sent to it, what of its answer reaches the client, and what happens where it fails.
import type { PoolServer } from '../../model/layer7/pool.js';
import { NEVER_UPGRADED } from '../../model/layer7/upgrade.js';
import { parseResponseHead, type ResponseHead } from '../../wire/http/response-head.js';
import { type AccessRecord, CLIENT_CLOSED, type Ending } from './access-record.js';
import { AnswerBody } from './answer-body.js';
import { answerText, interimText, switchText } from './answer-text.js';
import type { ClientSide } from './client-side.js';
import type { ProxyContext } from './context.js';
import { EXHAUSTED } from './edge.js';
import { headEnd } from './head-end.js';
import { RequestBody } from './request-body.js';
import { clientHeader, requestText } from './request-text.js';
import type { Asked, ToPool } from './routing.js';
import { armServer, ServerConnection, type ServerUser } from './server-connection.js';
import { conditionOf, type Failure, Tries } from './tries.js';
import { openTunnel } from './tunnel.js';

type Phase = 'asking' | 'answering' | 'tunnel' | 'over';

/** A name, perhaps with a version (RFC 9110 §7.8): one protocol. */
const UPGRADES = new RegExp(`^(?!${NEVER_UPGRADED})[!#-'*+.^-\`|~\\w-]+(?:/[!#-'*+.^-\`|~\\w-]+)?$`);

export class Exchange implements ServerUser {
  readonly body: RequestBody;
  #phase: Phase = 'asking';
  #connection: ServerConnection | undefined;
  readonly #tries: Tries;
  #isReused = false;
  /** The whole body, where it is repeated with the request. */
  #whole: Uint8Array | undefined;
  /** Of the body something was sent on that is not in #whole. */
  #isStreamed = false;
  #answerBody: AnswerBody | undefined;
  #status = 0;
  #staysOpen = false;
  #serverStaysOpen = false;
  #headUs = -1;
  #upgrade: string;

  constructor(
    readonly context: ProxyContext,
    readonly client: ClientSide,
    readonly asked: Asked,
    readonly routed: ToPool,
    readonly startUs: number,
  ) {
    const { head } = asked;
    this.body = new RequestBody(head.body, routed.proxying.bodyMaxBytes);
    this.#tries = new Tries(routed, startUs);
    this.#upgrade = UPGRADES.test(head.upgrade) ? head.upgrade : '';
  }

  get #nowUs(): number {
    return this.context.edge.nowUs;
  }

  get isTunnel(): boolean {
    return this.#phase === 'tunnel';
  }

  /** Asks the first server. slab[from, to): the body, or what of it came with the head; `isWhole`: it is all of it, and has a length. */
  start(from: number, to: number, isWhole: boolean): void {
    if (isWhole && to > from) this.#whole = this.context.edge.slab.slice(from, to);
    if (isWhole) this.body.count(to - from);
    if (!this.#tries.next(this.#nowUs)) {
      this.#fail(502, 'no-server', this.#tries.whyNone(this.#nowUs));
      return;
    }
    this.#ask();
  }

  /** Sends the request to the server of #tries, and to its next ones where that one cannot be connected to. `fresh`: by a new connection. */
  #ask(fresh = false): void {
    const isRepeatable = this.body.isDone && this.#tries.mayRepeat(this.asked.head.method);
    for (let isFresh = fresh; ; isFresh = false) {
      const server = this.#tries.server!;
      this.#tries.count++;
      const connection = (isFresh ? undefined : this.context.idle.take(server, this.client.stream, isRepeatable)) ?? this.#connect(server);
      if (typeof connection !== 'number') {
        this.#send(connection, server);
        return;
      }
      const isExhausted = EXHAUSTED.includes(connection);
      this.#tries.unconnected(connection, this.#nowUs);
      const mayRepeat = !isExhausted && this.#mayRetry({ condition: 'error', wasSent: false, wasStale: false });
      if (mayRepeat && this.#tries.next(this.#nowUs)) continue;
      const cause = `no ${isExhausted ? 'descriptor or memory' : 'port or route'} for a connection: error ${-connection}`;
      this.#fail(502, 'connect-failed', this.#tries.causeOf(cause, mayRepeat, this.#nowUs));
      return;
    }
  }

  /** Or a negative error. */
  #connect(server: PoolServer): ServerConnection | number {
    const fd = this.context.edge.connect(server);
    if (fd < 0) return fd;
    const owner = this.routed.pool.keepAlive.reuse === 'client' ? this.client.stream : undefined;
    return new ServerConnection(this.context, fd, server, this.#nowUs, owner);
  }

  #send(connection: ServerConnection, server: PoolServer): void {
    this.#connection = connection;
    this.#isReused = connection.requests > 0;
    if (this.asked.head.provesConnection) connection.owner = this.client.stream;
    connection.begin(this);
    connection.sendBytes(clientHeader(this.asked, this.routed.pool));
    if (this.#connection !== connection) return;
    connection.sendText(requestText(this.asked, this.routed, server, this.#upgrade));
    if (this.#connection === connection && this.#whole !== undefined) connection.sendBytes(this.#whole);
    if (this.#connection !== connection) return;
    this.#armServer();
  }

  #armServer(): void {
    const waits = this.body.isDone && !this.client.stream.isFull;
    if (this.#connection !== undefined) armServer(this.#connection, this.routed.proxying.timeouts, this.isTunnel, waits);
  }

  /** slab[from, to) came from the client: body, or bytes of a tunnel. Where what belongs to this request ends; undefined: it is over. */
  onClientData(from: number, to: number): number | undefined {
    const connection = this.#connection;
    if (connection === undefined) return to;
    if (this.isTunnel) {
      connection.send(from, to);
      this.#armServer();
      if (connection.isFull) this.client.stream.pause();
      return to;
    }
    this.#isStreamed = true;
    if (this.body.hasLength) {
      const end = from + this.body.lengthIn(from, to);
      this.body.count(end - from);
      connection.send(from, end);
      return this.#afterBody(connection, end);
    }
    const end = this.body.decode(this.context.edge.slab, from, to);
    if (typeof end !== 'number') {
      if (this.#phase === 'asking') this.#fail(end.status, 'refused', end.cause);
      else this.#end('refused', end.cause, false);
      return undefined;
    }
    const rest = end < to ? this.context.edge.slab.slice(end, to) : undefined;
    this.body.sendDecoded(connection);
    if (rest !== undefined) this.context.edge.slab.set(rest, end);
    return this.#afterBody(connection, end);
  }

  #afterBody(connection: ServerConnection, end: number): number | undefined {
    if (this.#phase === 'over') return undefined;
    if (this.#connection === connection) {
      this.#armServer();
      if (connection.isFull) this.client.stream.pause();
    }
    return end;
  }

  /** The client sends no more. */
  onClientEnd(): void {
    if (this.isTunnel) {
      this.#connection?.shutdown();
      if (this.#connection?.hasEnded !== false) this.#end('tunnel-closed', '', false);
    } else if (!this.body.isDone) this.#end('client-closed', 'the client ended within its body', false);
  }

  /** The client's connection is closed already. */
  onClientBroken(): void {
    if (this.isTunnel) this.#end('tunnel-closed', '', false);
    else this.#end('client-closed', '', false);
  }

  onClientDrained(): void {
    this.#connection?.resume();
    this.#armServer();
  }

  /** The client was too slow. */
  onClientDeadline(cause: string): void {
    this.#end('client-timeout', cause, false);
  }

  /** Ends a tunnel at the end of a drain. */
  cut(): void {
    if (this.isTunnel) this.#end('drained', '', false);
  }

  onServerData(from: number, to: number): void {
    if (this.isTunnel) {
      this.client.stream.send(from, to);
      this.#afterServerData();
    } else if (this.#answerBody === undefined) this.#readHead(from, to);
    else this.#passBody('', from, to);
  }

  #afterServerData(): void {
    if (this.#phase === 'over') return;
    const { stream } = this.client;
    if (stream.isFull) {
      this.#connection?.pause();
      if (!this.isTunnel) stream.deadlineUs = this.#nowUs + this.context.limits.sendTimeoutUs;
    }
    this.#armServer();
  }

  #readHead(from: number, to: number): void {
    const { edge, limits } = this.context;
    const connection = this.#connection;
    for (let at = from; at < to && this.#connection === connection && this.#phase === 'asking'; ) {
      const text = headEnd(edge, at, to, limits.headMaxBytes);
      if (text === undefined) {
        if (to - at > limits.headMaxBytes) this.#invalid('the head of the answer is too long');
        else connection?.keep(at, to);
        return;
      }
      const head = parseResponseHead(text, this.asked.head.method);
      at += text.length + 2;
      if (head.kind === 'refusal') this.#invalid(head.cause);
      else if (head.status === 101) this.#switch(head, at, to);
      else if (head.status >= 200) this.#passHead(head, at, to);
      else this.#passInterim(head);
    }
  }

  #passInterim(head: ResponseHead): void {
    if (this.asked.head.minor === 1) this.client.stream.sendHead(interimText(head, this.routed));
    this.#afterServerData();
  }

  #switch(head: ResponseHead, from: number, to: number): void {
    if (this.#upgrade === '' || head.upgrade !== this.#upgrade) {
      this.#invalid('101 that was not asked for');
      return;
    }
    this.#tries.answered(head, this.#nowUs);
    this.#headUs = this.#nowUs;
    this.#status = 101;
    this.#phase = 'tunnel';
    openTunnel(this.client, this.#connection!, switchText(head, this.routed, this.#tries.server!), from, to);
    this.#afterServerData();
  }

  #passHead(head: ResponseHead, from: number, to: number): void {
    const condition = conditionOf(head.status);
    if (condition !== undefined && this.#isWorthRetrying(condition)) return;
    this.#tries.answered(head, this.#nowUs);
    this.#phase = 'answering';
    if (head.asksForConnection) this.#connection!.owner = this.client.stream;
    this.#headUs = this.#nowUs;
    this.#status = head.status;
    const { minor, keepsOpen, takesTrailers } = this.asked.head;
    const coding = !head.hasBody || head.body >= 0 ? 'length' : minor === 1 ? 'chunked' : 'close';
    this.#staysOpen = keepsOpen && coding !== 'close' && this.body.isDone && this.client.mayStayOpen && !this.client.stream.hasNoMore;
    this.#serverStaysOpen = head.keepsOpen && this.body.isDone && this.routed.pool.sendProxy === undefined;
    this.#answerBody = new AnswerBody(head.body, coding, takesTrailers, !this.#staysOpen);
    this.#passBody(answerText(head, this.asked, this.routed, this.#tries.server!, coding, !this.#staysOpen), from, to);
  }

  /** nginx's http_5xx: the next server is asked, and where there is none, the client gets this answer. */
  #isWorthRetrying(condition: Failure['condition']): boolean {
    if (!this.#mayRetry({ condition, wasSent: true, wasStale: false })) return false;
    this.#tries.passedOver(condition, this.#nowUs);
    if (!this.#tries.next(this.#nowUs)) return false;
    this.#dropServer();
    this.#ask();
    return true;
  }

  #passBody(head: string, from: number, to: number): void {
    const body = this.#answerBody!;
    const refusal = body.send(this.client.stream, head, from, to);
    if (refusal !== undefined) {
      this.#end('server-invalid', refusal.cause, false);
      return;
    }
    if (this.#phase === 'over') return;
    if (body.isDone) this.#finish();
    else this.#afterServerData();
  }

  #finish(): void {
    const connection = this.#connection!;
    this.#connection = undefined;
    connection.user = undefined;
    const isReusable =
      this.#serverStaysOpen && !this.#answerBody!.hasExcess && !this.context.isDraining && !connection.isFull && !connection.hasEnded;
    if (isReusable) this.context.idle.put(connection, this.routed.pool, this.#nowUs);
    else connection.close();
    this.#end('done', '', this.#staysOpen);
  }

  onServerEnd(): void {
    if (this.isTunnel) {
      this.client.stream.shutdown();
      if (this.client.stream.hasEnded) this.#end('tunnel-closed', '', false);
    } else if (this.#answerBody === undefined) this.#serverFailed('error', 'server-closed', 'the server closed before an answer');
    else if (!this.#answerBody.end(this.client.stream)) this.#end('server-closed', 'the server closed within its answer', false);
    else if (this.#phase !== 'over') this.#finish();
  }

  onServerBroken(error: number): void {
    if (this.isTunnel) {
      this.#end('tunnel-closed', '', false);
      return;
    }
    const isConnected = this.#connection?.isConnected === true;
    if (this.#answerBody === undefined)
      this.#serverFailed('error', isConnected ? 'server-closed' : 'connect-failed', `error ${-error} of the server's connection`);
    else this.#end('server-closed', `error ${-error} of the server's connection within its answer`, false);
  }

  onServerSent(): void {
    this.#armServer();
  }

  onServerDrained(): void {
    this.#armServer();
    if (!this.body.isDone || this.isTunnel) this.client.stream.resume();
  }

  onServerDeadline(): void {
    if (this.isTunnel) {
      this.#end('tunnel-timeout', '', false);
      return;
    }
    const isConnected = this.#connection?.isConnected === true;
    if (this.#answerBody === undefined)
      this.#serverFailed('timeout', isConnected ? 'server-timeout' : 'connect-timeout', 'the server did not answer in time');
    else this.#end('server-timeout', 'the server stopped within its answer', false);
  }

  /** Before the first byte of an answer to the client. */
  #serverFailed(condition: 'error' | 'timeout', ending: Ending, cause: string): void {
    const wasSent = this.#connection?.wasAsked !== false;
    const wasStale = condition === 'error' && this.#isReused && this.#connection?.hasAnswered === false;
    this.#failedBy({ condition, wasSent, wasStale }, ending, cause);
  }

  #invalid(cause: string): void {
    this.#failedBy({ condition: 'invalid_header', wasSent: true, wasStale: false }, 'server-invalid', cause);
  }

  /** Another server, or an answer of the proxy's own. */
  #failedBy(failure: Failure, ending: Ending, cause: string): void {
    this.#dropServer();
    const mayRepeat = this.#mayRetry(failure);
    // a connection that was idle may be closed by a healthy server: the same one is asked again, by a new connection
    if (mayRepeat && failure.wasStale) {
      this.#ask(true);
      return;
    }
    this.#tries.failed(this.#nowUs);
    if (mayRepeat && this.#tries.next(this.#nowUs)) this.#ask();
    else this.#fail(failure.condition === 'timeout' ? 504 : 502, ending, this.#tries.causeOf(cause, mayRepeat, this.#nowUs));
  }

  #mayRetry(failure: Failure): boolean {
    return this.#tries.mayRetry(failure, this.asked.head.method, !this.#isStreamed, this.#nowUs);
  }

  #dropServer(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    connection.user = undefined;
    connection.close();
  }

  #fail(status: number, ending: Ending, cause: string): void {
    this.#status = status;
    const staysOpen = this.asked.head.keepsOpen && this.body.isDone && this.client.mayStayOpen && status >= 500;
    this.#phase = 'over';
    this.#dropServer();
    this.#tries.end(this.#nowUs);
    this.client.answer(status, cause);
    this.client.exchangeEnded(this.#record(ending, cause), staysOpen);
  }

  #end(ending: Ending, cause: string, staysOpen: boolean): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#dropServer();
    this.#tries.end(this.#nowUs);
    this.client.exchangeEnded(this.#record(ending, cause), staysOpen);
  }

  #record(ending: Ending, cause: string): Partial<AccessRecord> {
    return {
      startUs: this.startUs,
      headUs: this.#headUs,
      status: this.#status === 0 && ending === 'client-closed' ? CLIENT_CLOSED : this.#status,
      pool: this.routed.pool.name,
      server: this.#tries.server?.name ?? '',
      tries: this.#tries.count,
      reused: this.#isReused,
      ending,
      cause,
    };
  }
}
