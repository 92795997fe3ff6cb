// A client's connection: heads are read from it, one request at a time is served, and what the client sends ahead waits in a bounded buffer.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import type { Listener } from '../../model/layer7/listener.js';
import { CHUNKED } from '../../wire/http/body.js';
import { type HttpRefusal, Refusals } from '../../wire/http/refusal.js';
import { parseRequestHead, type RequestHead } from '../../wire/http/request-head.js';
import { readProxyHeader } from '../../wire/proxy-protocol/proxy-header.js';
import { type AccessRecord, CLIENT_CLOSED, recordOfHead } from './access-record.js';
import { type ClientSide, type Secured, serverAddress, type Waiting } from './client-side.js';
import type { ProxyContext } from './context.js';
import { READABLE, Slab } from './edge.js';
import { Exchange } from './exchange.js';
import { headEnd } from './head-end.js';
import { ownAnswer } from './own-answer.js';
import type { Asked, ToAnswer, ToPool } from './routing.js';
import { Stream } from './stream.js';

/** What a client may send ahead of its answers. */
const AHEAD_MAX_BYTES = 16_384;
/** A body of this length is read before a server is asked, where the route wants that. */
const BUFFERED_BODY_MAX_BYTES = 65_536;
/** After an answer that ends the connection its input is read and dropped, so that no reset destroys the answer on its way. */
const LINGER_US = 2_000_000;
const LINGER_MAX_BYTES = 262_144;
/** While the proxy drains, a connection that had requests waits for one that may be on its way, within TLS too. */
const DRAIN_WAIT_US = 1_000_000;
const BARE_LINE_FEED = /(?<!\r)\n/;

export class ClientConnection extends Stream implements ClientSide {
  #exchange: Exchange | undefined;
  #waiting: Waiting | undefined;
  #head: RequestHead | undefined;
  #startUs: number;
  #requests = 0;
  #isServing = false;
  /** The first byte of a request was received, and its deadline counts from then. */
  #isWithinHead = false;
  #isLingering = false;
  #lingered = 0;
  #awaitsProxyHeader: boolean;
  #addressText: string | undefined;
  #serverAddress: Address | undefined;
  readonly #serverName: string | undefined;
  readonly stream: Stream = this;

  constructor(
    readonly context: ProxyContext,
    fd: number,
    public address: Address,
    public port: number,
    readonly listener: Listener,
    secured?: Secured,
  ) {
    super(secured?.table ?? context, fd, secured !== undefined);
    this.#serverName = secured?.serverName;
    this.#startUs = context.edge.nowUs;
    this.#awaitsProxyHeader = listener.proxyFrom.length > 0 && secured === undefined;
    this.deadlineUs = this.#startUs + context.limits.headTimeoutUs;
  }

  /** It has its answers, waits for a request and has nothing of it. */
  get isIdle(): boolean {
    const isServed = this.#exchange !== undefined || this.#waiting !== undefined || this.isFull;
    return !(isServed || this.isClosed || this.kept !== undefined || this.#isLingering);
  }

  /** How long it waits for a further request. */
  get #idleUs(): number {
    const { isDraining, limits } = this.context;
    return isDraining ? Math.min(limits.keepAliveUs, DRAIN_WAIT_US) : limits.keepAliveUs;
  }

  /** The drain begins. A connection without a request so far waits for its first. */
  onDrain(): void {
    if (this.#requests > 0 && this.isIdle) this.deadlineUs = this.context.edge.nowUs + this.#idleUs;
  }

  /** A further request may follow the one that is served. */
  get mayStayOpen(): boolean {
    return !this.context.isDraining && this.#requests < this.context.limits.keepAliveRequests;
  }

  cutTunnel(): void {
    this.#exchange?.cut();
  }

  protected override get awaitsMore(): boolean {
    return this.#exchange === undefined || !this.#exchange.body.isDone;
  }

  override takeKept(): Uint8Array | undefined {
    return this.#exchange?.isTunnel === false ? undefined : super.takeKept();
  }

  override keep(from: number, to: number): void {
    super.keep(from, to);
    if (this.isIdle) this.context.idleClients.add(this);
  }

  onData(from: number, to: number): void {
    if (this.#isLingering) {
      this.#lingered += to - from;
      if (this.#lingered > LINGER_MAX_BYTES) this.close();
    } else if (this.#exchange === undefined) {
      this.#serve(from, to);
    } else if (this.#exchange.isTunnel || !this.#exchange.body.isDone) {
      this.#passBody(this.#exchange, from, to);
    } else this.#keepAhead(from, to);
  }

  #passBody(exchange: Exchange, from: number, to: number): void {
    const end = exchange.onClientData(from, to);
    if (this.#exchange !== exchange || end === undefined) return;
    // while something waits for the client, its time to take that counts
    if (!exchange.isTunnel && !this.isFull)
      this.deadlineUs = exchange.body.isDone ? 0 : this.context.edge.nowUs + this.context.limits.bodyTimeoutUs;
    if (end < to) this.#keepAhead(end, to);
  }

  #keepAhead(from: number, to: number): void {
    if (this.keepMore(from, to) >= AHEAD_MAX_BYTES) this.pause();
  }

  /** Serves the requests that slab[from, to) begins with, until one of them must wait. */
  #serve(from: number, to: number): void {
    this.#isServing = true;
    let isWhole = this.#begin(from, to);
    while (isWhole && this.#exchange === undefined && this.kept !== undefined && !this.isFull && !this.isClosed && !this.#isLingering) {
      const kept = this.kept;
      this.kept = undefined;
      this.context.edge.slab.set(kept, Slab.receiveAt);
      isWhole = this.#begin(Slab.receiveAt, Slab.receiveAt + kept.length);
    }
    this.#isServing = false;
    if (this.hasEnded && this.#exchange === undefined && !this.#isLingering && !this.isFull) this.end();
  }

  /** Begins what the bytes begin with; false: it is not there as a whole. What is behind it is kept. */
  #begin(from: number, to: number): boolean {
    if (this.#waiting !== undefined) return this.#beginWaiting(this.#waiting, from, to);
    if (this.#awaitsProxyHeader) return this.#beginProxied(from, to);
    const { edge, limits } = this.context;
    // RFC 9112 §2.2: an empty line before a request line is ignored
    const start = to - from >= 2 && edge.slab[from] === 13 && edge.slab[from + 1] === 10 ? from + 2 : from;
    if (start === to) return false;
    const text = headEnd(edge, start, to, limits.headMaxBytes);
    if (text === undefined) return this.#waitForHead(start, to);
    if (this.#requests > 0) this.#startUs = edge.nowUs;
    this.#requests++;
    const head = parseRequestHead(text, limits.fieldsMax);
    if (head.kind === 'refusal') {
      this.#refuse(head);
      return true;
    }
    this.#head = head;
    this.#route(head, start + text.length + 2, to);
    return true;
  }

  #waitForHead(from: number, to: number): boolean {
    const { edge, limits } = this.context;
    if (to - from >= limits.headMaxBytes) this.#refuse(Refusals.headMax);
    else if (BARE_LINE_FEED.test(edge.text(from, to))) this.#refuse(Refusals.bareLineFeed);
    else {
      if (this.kept === undefined && this.deadlineUs !== 0 && this.#requests > 0 && !this.#isWithinHead) {
        this.#startUs = edge.nowUs;
        this.deadlineUs = edge.nowUs + limits.headTimeoutUs;
        this.#isWithinHead = true;
      }
      this.keep(from, to);
    }
    return false;
  }

  #beginProxied(from: number, to: number): boolean {
    const read = readProxyHeader(this.context.edge.slab.subarray(from, to));
    if (read.kind === 'incomplete') {
      this.keep(from, to);
      return false;
    }
    if (read.kind === 'invalid') {
      this.#refuse({ status: 400, cause: `PROXY header: ${read.cause}` }, false);
      return true;
    }
    this.#awaitsProxyHeader = false;
    if (read.connection !== undefined) {
      this.address = read.connection.source;
      this.port = read.connection.sourcePort;
    }
    this.keep(from + read.length, to);
    return true;
  }

  #route(head: RequestHead, from: number, to: number): void {
    this.#isWithinHead = false;
    this.#addressText ??= formatAddress(this.address);
    this.#serverAddress ??= serverAddress(this, this.listener);
    const asked: Asked = {
      head,
      client: this.address,
      clientText: this.#addressText,
      clientPort: this.port,
      listener: this.listener,
      serverAddress: this.#serverAddress,
      serverName: this.#serverName,
    };
    const routed = this.context.router.route(asked);
    if (routed.kind === 'answer') this.#answerRouted(routed, head, from, to);
    else if (routed.proxying.bodyMaxBytes > 0 && head.body > routed.proxying.bodyMaxBytes) this.#refuse(Refusals.bodyMax);
    else this.#startOrWait(asked, routed, from, to);
  }

  #answerRouted(routed: ToAnswer, head: RequestHead, from: number, to: number): void {
    const staysOpen = head.keepsOpen && head.body === 0 && this.mayStayOpen;
    const { cause = '', ...answer } = routed;
    this.#sendAnswer({ ...answer, closes: !staysOpen });
    this.keep(from, to);
    this.#ended({ status: routed.status, ending: 'done', cause, headUs: this.context.edge.nowUs }, staysOpen, head.body === 0);
  }

  #startOrWait(asked: Asked, routed: ToPool, from: number, end: number): void {
    const { body, expectsContinue } = asked.head;
    const there = end - from;
    if (body > there && body <= BUFFERED_BODY_MAX_BYTES && routed.proxying.bufferRequest && !expectsContinue) {
      this.#waiting = { asked, routed, bytes: body };
      this.deadlineUs = this.context.edge.nowUs + this.context.limits.bodyTimeoutUs;
      this.keep(from, end);
      if (this.hasEnded) this.#abandonBody();
      return;
    }
    this.#start(asked, routed, from, end);
    if (this.hasEnded) this.#exchange?.onClientEnd();
  }

  #beginWaiting({ asked, routed, bytes }: Waiting, from: number, end: number): boolean {
    if (end - from < bytes) {
      this.deadlineUs = this.context.edge.nowUs + this.context.limits.bodyTimeoutUs;
      this.keep(from, end);
      return false;
    }
    this.#waiting = undefined;
    this.#start(asked, routed, from, end);
    return true;
  }

  /** slab[from, end): what came behind the head. */
  #start(asked: Asked, routed: ToPool, from: number, end: number): void {
    const { body } = asked.head;
    const isWhole = body !== CHUNKED && body <= end - from;
    const bodyEnd = isWhole ? from + body : from;
    if (isWhole) this.keep(bodyEnd, end);
    if (end - bodyEnd >= AHEAD_MAX_BYTES && isWhole) this.pause();
    const rest = isWhole || end === from ? undefined : this.context.edge.slab.slice(from, end);
    const exchange = new Exchange(this.context, this, asked, routed, this.#startUs);
    this.#exchange = exchange;
    this.deadlineUs = exchange.body.isDone || isWhole ? 0 : this.context.edge.nowUs + this.context.limits.bodyTimeoutUs;
    exchange.start(from, bodyEnd, isWhole);
    if (rest === undefined || this.#exchange !== exchange) return;
    this.context.edge.slab.set(rest, Slab.receiveAt);
    this.#passBody(exchange, Slab.receiveAt, Slab.receiveAt + rest.length);
  }

  answer(status: number, cause: string): void {
    const closes = status < 500 || this.#head?.keepsOpen !== true || this.#exchange?.body.isDone === false || !this.mayStayOpen;
    this.#sendAnswer({ status, body: '', closes, cause });
  }

  #sendAnswer(answer: Omit<Parameters<typeof ownAnswer>[0], 'isHead'>): void {
    const { cause, ...others } = answer;
    const { explainToken } = this.context;
    const isExplained = cause !== undefined && explainToken !== undefined && this.#head?.explain === explainToken;
    this.sendHead(ownAnswer({ ...others, isHead: this.#head?.method === 'HEAD', ...(isExplained ? { cause } : {}) }), others.closes);
  }

  /** Answers what is no request that can be served, and ends the connection. `isHttp`: the client can read an answer. */
  #refuse({ status, cause }: Pick<HttpRefusal, 'status' | 'cause'>, isHttp = true): void {
    if (isHttp) this.answer(status, cause);
    this.#ended({ status: isHttp ? status : 0, ending: 'refused', cause }, false);
  }

  exchangeEnded(record: Partial<AccessRecord>, staysOpen: boolean): void {
    const isRead = this.#exchange?.body.isDone === true;
    this.#exchange = undefined;
    this.#ended(record, staysOpen, isRead);
  }

  /** A request is over. `isRead`: all of it was. */
  #ended(record: Partial<AccessRecord>, staysOpen: boolean, isRead = false): void {
    this.#log(record);
    const isLast = isRead && this.#head?.keepsOpen === false;
    this.#head = undefined;
    if (this.isClosed) return;
    const { limits, edge, idleClients } = this.context;
    if (record.ending !== 'done' && record.status === 0) this.close();
    else if (!staysOpen) this.#leave(record.ending ?? 'done', isLast);
    if (this.isClosed || !staysOpen) return;
    idleClients.add(this);
    this.deadlineUs = edge.nowUs + (this.isFull ? limits.sendTimeoutUs : this.#idleUs);
    if (this.isFull) this.pause();
    else if (!this.#isServing) this.#goOn();
  }

  #goOn(): void {
    this.resume();
    const kept = this.isClosed ? undefined : this.kept;
    if (kept !== undefined) {
      this.kept = undefined;
      this.context.edge.slab.set(kept, Slab.receiveAt);
      this.#serve(Slab.receiveAt, Slab.receiveAt + kept.length);
    } else if (this.hasEnded) this.end();
  }

  /** Ends the connection after what waits. `isLast`: the client sends nothing after this request, as it announced (RFC 9112 §9.6). */
  #leave(ending: AccessRecord['ending'], isLast: boolean): void {
    const isCut = ending !== 'done' && ending !== 'refused' && ending !== 'no-server' && this.isFull;
    const isOver = isLast && ending === 'done' && this.kept === undefined;
    if (ending === 'client-timeout' && this.isFull) {
      this.close();
      return;
    }
    this.kept = undefined;
    this.deadlineUs = this.context.edge.nowUs + (this.isFull ? this.context.limits.sendTimeoutUs : LINGER_US);
    if (this.hasEnded || isCut || isOver) {
      // the answer leaves the kernel before close(), which resets where the client did send more
      if (isOver) this.shutdown();
      this.end();
      this.pause();
      return;
    }
    this.shutdown();
    this.#isLingering = true;
    this.resume();
  }

  #log(record: Partial<AccessRecord>): void {
    this.context.edge.log?.({
      client: this.address,
      clientPort: this.port,
      startUs: this.#startUs,
      endUs: this.context.edge.nowUs,
      ...this.takeSent(),
      ...recordOfHead(this.#head),
      ...record,
    });
  }

  #abandonBody(): void {
    this.#waiting = undefined;
    this.#ended({ status: CLIENT_CLOSED, ending: 'client-closed', cause: 'the client ended within its body' }, false);
  }

  onEnd(): void {
    if (this.#isLingering) this.close();
    else if (this.#exchange !== undefined) this.#exchange.onClientEnd();
    else if (this.#waiting !== undefined) this.#abandonBody();
    else this.end();
  }

  onBroken(): void {
    if (this.#exchange !== undefined) this.#exchange.onClientBroken();
    else if (this.#waiting !== undefined) this.#ended({ status: CLIENT_CLOSED, ending: 'client-closed' }, false);
  }

  override onSent(): void {
    if (this.#exchange?.isTunnel !== true) this.deadlineUs = this.context.edge.nowUs + this.context.limits.sendTimeoutUs;
  }

  onDrained(): void {
    if (this.isClosed) return;
    const { edge, limits, idleClients } = this.context;
    if (this.#exchange === undefined) {
      this.deadlineUs = edge.nowUs + (this.#isLingering ? LINGER_US : this.#idleUs);
      if (this.#isLingering) return;
      idleClients.add(this);
      this.#goOn();
      return;
    }
    if (!this.#exchange.isTunnel) this.deadlineUs = this.#exchange.body.isDone ? 0 : edge.nowUs + limits.bodyTimeoutUs;
    this.#exchange.onClientDrained();
  }

  onDeadline(): void {
    if (this.isIdle) {
      const { nowUs } = this.context.edge;
      this.deadlineUs = nowUs;
      // what has come by now is served
      this.ready(READABLE);
      if (this.isIdle && this.deadlineUs === nowUs) this.close();
      return;
    }
    if (this.#exchange !== undefined) this.#exchange.onClientDeadline('the client was too slow');
    else if (this.#isLingering || this.isFull) this.close();
    else {
      this.#waiting = undefined;
      this.answer(408, 'the request did not come in time');
      this.#ended({ status: 408, ending: 'client-timeout', cause: 'the request did not come in time' }, false);
    }
  }
}
