/**
 * Requests that never reach a handler: not HTTP, too slow, or with too large a header.
 */
import type { Socket } from 'node:net';
import { hasSystemCode } from '@quorate/program';

/** Says what was wrong in the form of every other error, and hangs up. */
export function answerBrokenRequest(error: Error, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] = hasSystemCode(error, 'ERR_HTTP_REQUEST_TIMEOUT')
    ? ['408 Request Timeout', 'TIMEOUT', 'the request did not arrive in time']
    : hasSystemCode(error, 'HPE_HEADER_OVERFLOW')
      ? ['431 Request Header Fields Too Large', 'TOO_LARGE', 'the header fields are too large']
      : ['400 Bad Request', 'MALFORMED', 'this is not an HTTP request'];
  sendError(socket, status, code, message);
}

/** Tells somebody who spoke plain text at a port of HTTPS, in the plain text that is understood there, and hangs up. */
export function answerPlainText(socket: Socket): void {
  const message = 'this port speaks HTTPS only: ask for https:// in the place of http://';
  sendError(socket, '400 Bad Request', 'PLAINTEXT_REFUSED', message);
}

function sendError(socket: Socket, status: string, code: string, message: string): void {
  const body = `${JSON.stringify({ error: { code, message } })}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${String(Buffer.byteLength(body))}\r\n\r\n${body}`,
  );
}
