/**
 * The HTTP server of a node: turns sockets into requests and replies, and holds the bounds. What a
 * request means is the business of the routes.
 *
 * `node:http` and no framework: a dozen routes do not need one, and its limits and time-outs are
 * the ones that count.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Address } from '@quorate/connections/address';
import {
  ClosedError,
  type Counters,
  InvariantError,
  type Logger,
  MalformedError,
  OutcomeUnknownError,
  OverloadedError,
} from '@quorate/core';
import type { ClientCertificates, TlsOptions } from '@quorate/connections/node';
import { listenError } from '@quorate/program/node';
import { BodyReader } from './body.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { errorReply } from './errors.ts';
import { ByteBudget, type HttpLimits } from './limits.ts';
import { Guard } from './guard.ts';
import { crossOriginHeaders, type PageRules, preflightReply, refuseWebPages } from './origin.ts';
import { drain, sent } from './outgoing.ts';
import type { HttpRequest, Reply, StreamBody } from './reply.ts';
import { sendStream } from './streaming.ts';
import { parseTarget } from './target.ts';
import { TlsFront } from './tls-front.ts';

/** Answers requests; what it throws becomes an error reply. */
export type Handler = (request: HttpRequest) => Promise<Reply>;

/** Who may ask. */
export interface HttpAccess {
  readonly cluster: string;
  /** With it HTTPS is spoken, and nothing else. */
  readonly tls: TlsOptions | undefined;
  /** With TLS, whether a client has to show a certificate. */
  readonly clientCertificates: ClientCertificates;
  /** `undefined`: none is asked for. */
  readonly tokens: (() => readonly string[]) | undefined;
  /** See {@link PageRules}. */
  readonly hosts: readonly string[] | undefined;
  readonly origins: readonly string[];
}

/** Options of {@link HttpServer}. */
export interface HttpServerOptions {
  readonly address: Address;
  readonly limits: HttpLimits;
  readonly access: HttpAccess;
  readonly handler: Handler;
  readonly logger: Logger;
}

/** How often Node looks for connections that are over their time. */
const checkingIntervalMs = 1_000;

/** Serves one address. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #front: TlsFront | undefined;
  readonly #guard: Guard;
  readonly #pages: PageRules;
  readonly #bodies: ByteBudget;
  readonly #replies: ByteBudget;
  #underWay = 0;
  #closing = false;
  #whenIdle: (() => void) | undefined;

  /** @throws InvalidArgumentError for certificates that cannot work. */
  constructor(options: HttpServerOptions) {
    const { limits, access, logger } = options;
    const { tls, clientCertificates, hosts, origins } = access;
    this.#options = options;
    this.#bodies = new ByteBudget(limits.maxBodyBytesHeld);
    this.#replies = new ByteBudget(limits.maxReplyBytesHeld);
    this.#server = createServer({
      connectionsCheckingInterval: checkingIntervalMs,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.maxHeaderBytes,
      noDelay: true,
      // It is missed by us, so that the answer is one of ours.
      requireHostHeader: false,
    });
    this.#server.maxConnections = limits.maxConnections;
    const serve = (message: IncomingMessage, response: ServerResponse): void => {
      void this.#serve(message, response);
    };
    this.#server.on('request', serve);
    // Without a `100 Continue` of its own the client would send a body that is refused anyway; the
    // first read of the body asks for it instead.
    this.#server.on('checkContinue', serve);
    // Other expectations may be ignored (RFC 9110, section 10.1.1).
    this.#server.on('checkExpectation', serve);
    this.#server.on('clientError', answerBrokenRequest);
    this.#guard = new Guard(access);
    this.#pages = { listensOn: options.address.host, isSecure: tls !== undefined, hosts, origins };
    this.#front =
      tls === undefined
        ? undefined
        : new TlsFront(this.#server, { tls, clientCertificates, limits, logger });
  }

  /** What it is busy with. */
  get load(): Counters {
    return {
      requests_under_way: this.#underWay,
      request_bytes_held: this.#bodies.held,
      reply_bytes_held: this.#replies.held,
    };
  }

  /** @throws ServiceError with the code BUSY_PORT if another program listens there. */
  async listen(): Promise<void> {
    const { address } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(listenError(address, '--http', cause));
      });
      this.#server.listen(address.port, address.host, resolve);
    });
    // Such as too many open files: the connection is lost, the server goes on.
    this.#server.on('error', (error) => {
      this.#options.logger.warn('cannot take a connection', { error: String(error) });
    });
  }

  /** Takes no further connections, and lets requests under way finish for at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    if (!this.#server.listening) return;
    this.#front?.close();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeIdleConnections();
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
        setTimeout(resolve, graceMs).unref();
      });
    }
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = new BodyReader(message, this.#bodies);
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    // A socket that breaks while we write is the client's business: 'close' follows.
    response.once('error', () => undefined);
    this.#underWay += 1;
    try {
      const reply = await this.#answer(message, response, body, gone.signal);
      body.release();
      if (response.destroyed) await reply.stream?.close();
      else await this.#send(message, response, reply);
    } catch (error) {
      // Only a bug of the server itself gets here; the connection is in an unknown state then.
      this.#options.logger.error('an HTTP request failed in the server', { error: String(error) });
      response.destroy();
    } finally {
      body.release();
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#whenIdle?.();
    }
  }

  async #answer(
    message: IncomingMessage,
    response: ServerResponse,
    body: BodyReader,
    signal: AbortSignal,
  ): Promise<Reply> {
    const { headers } = message;
    const cors = crossOriginHeaders(headers, this.#pages);
    try {
      if (this.#closing) throw new ClosedError('this node is shutting down; ask another one');
      if (this.#underWay > this.#options.limits.maxRequests) {
        throw new OverloadedError('too many requests at once; slow down and retry');
      }
      if (headers.host === undefined && message.httpVersion === '1.1') {
        throw new MalformedError('the request has no Host field');
      }
      refuseWebPages(headers, this.#pages);
      const preflight = preflightReply(message.method, headers, this.#pages);
      if (preflight !== undefined) return withHeaders(preflight, cors);
      const target = parseTarget(message.url ?? '/');
      this.#guard.check(target.rawPath, headers, this.#front?.proofOf(message.socket));
      const reply = await this.#options.handler({
        method: message.method ?? 'GET',
        ...target,
        signal,
        body: (maxBytes) => {
          if (waitsForContinue(message) && announced(message) <= maxBytes) {
            response.writeContinue();
          }
          return body.read(maxBytes);
        },
      });
      return withHeaders(reply, cors);
    } catch (error) {
      const reply = errorReply(error);
      if (reply.status === 500 || error instanceof InvariantError) {
        this.#options.logger.error('an HTTP request failed', { error: String(error) });
      }
      return withHeaders(reply, cors);
    }
  }

  /** Resolves when the client has taken the answer, or was cut off because it did not. */
  async #send(message: IncomingMessage, response: ServerResponse, wanted: Reply): Promise<void> {
    if (wanted.stream !== undefined) {
      await this.#sendStream(message, response, wanted, wanted.stream);
      return;
    }
    const { lingerMs, replyTimeoutMs, smallReplyBytes } = this.#options.limits;
    const size = Buffer.byteLength(wanted.body);
    const counted = size > smallReplyBytes ? size : 0;
    const room = this.#replies.take(counted);
    const reply = room ? wanted : errorReply(tooManyReplies(message));
    const out = sent(response, replyTimeoutMs);
    try {
      const bytes = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
      const unread = !message.complete;
      if (unread || this.#closing) response.setHeader('connection', 'close');
      response.writeHead(reply.status, { ...reply.headers, 'content-length': bytes.length });
      if (unread) {
        // Closing with unread bytes resets the connection, and the client may never see why: the
        // answer goes out whole, and what still comes is thrown away for a moment.
        response.write(bytes);
        await drain(message, lingerMs);
        response.end();
      } else {
        response.end(bytes);
      }
      await out;
    } finally {
      if (room) this.#replies.give(counted);
    }
  }

  async #sendStream(
    message: IncomingMessage,
    response: ServerResponse,
    { status, headers }: Reply,
    stream: StreamBody,
  ): Promise<void> {
    const { replyTimeoutMs } = this.#options.limits;
    try {
      if (this.#closing) response.setHeader('connection', 'close');
      response.writeHead(status, { ...headers, 'content-length': stream.bytes });
      if (message.method === 'HEAD') response.end();
      else await sendStream(response, stream, replyTimeoutMs);
      if (!response.writableFinished && !response.destroyed) await sent(response, replyTimeoutMs);
    } catch (error) {
      this.#options.logger.warn('an HTTP answer broke off in the middle', { error: String(error) });
    } finally {
      await stream.close();
    }
  }
}

/** A write has happened by now, and nobody may be told that it has not. */
function tooManyReplies({ method }: IncomingMessage): Error {
  const why = 'there is no room for the answer: too many large ones are under way to slow clients';
  return method === 'GET' || method === 'HEAD'
    ? new OverloadedError(`${why}; retry in a moment`)
    : new OutcomeUnknownError(`${why}; look at the state before retrying`);
}

function withHeaders(reply: Reply, headers: Readonly<Record<string, string>>): Reply {
  return { ...reply, headers: { ...headers, ...reply.headers } };
}

function announced(message: IncomingMessage): number {
  return Number(message.headers['content-length'] ?? 0);
}

function waitsForContinue(message: IncomingMessage): boolean {
  return message.headers.expect?.toLowerCase() === '100-continue';
}
