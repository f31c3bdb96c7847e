/**
 * Who may ask over HTTP: whoever proves by a certificate, by a token, or by both, what the node asks for. The
 * same that the port for clients goes by.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { describeEnd, identityUri } from '@quorate/connections';
import type { Proof } from '@quorate/connections/node';
import { ServiceError, serviceError } from '../errors.ts';

/** What {@link Guard} goes by. */
export interface GuardOptions {
  /** Certificates of another cluster are refused: one authority may sign for many. */
  readonly cluster: string;
  /** Those that hold now, the same array as long as they are the same. `undefined`: none is asked for. */
  readonly tokens: (() => readonly string[]) | undefined;
}

/** Only says that the process lives: for whoever restarts it, which has no token. */
const openPath = '/healthz';

/** Lets requests in. */
export class Guard {
  readonly #cluster: string;
  readonly #tokens: GuardOptions['tokens'];
  #digested: readonly string[] = [];
  /** Of one length, so that comparing them takes the same time for every token. */
  #digests: readonly Uint8Array[] = [];

  constructor({ cluster, tokens }: GuardOptions) {
    this.#cluster = cluster;
    this.#tokens = tokens;
  }

  /**
   * Judges a request.
   *
   * @param proof what the handshake of TLS has found; `undefined` without TLS.
   * @throws ServiceError with the code UNAUTHENTICATED, or one that says what is wrong with the certificate.
   */
  check(rawPath: string, headers: IncomingHttpHeaders, proof: Proof | undefined): void {
    if (rawPath === openPath) return;
    if (proof !== undefined) this.#checkProof(proof);
    if (this.#tokens === undefined) return;
    if (this.#isKnown(headers.authorization, this.#tokens())) return;
    throw serviceError(
      'UNAUTHENTICATED',
      headers.authorization === undefined
        ? 'this node asks for a token; send it as `Authorization: Bearer TOKEN`'
        : 'the token is none that this node accepts; compare it with those in its --client-tokens',
    );
  }

  #checkProof(proof: Proof): void {
    switch (proof.type) {
      case 'unproven': {
        const { code, detail } = proof.end;
        throw new ServiceError(code, describeEnd({ code, told: false, detail }));
      }
      case 'proven': {
        const { identity } = proof;
        if (identity === undefined || identity.cluster === this.#cluster) return;
        throw serviceError(
          'OTHER_CLUSTER',
          `the certificate is for ${identityUri(identity)}, and this node is of ${this.#cluster}; show one of this cluster`,
        );
      }
    }
  }

  /** No comparison ends early, neither within a token nor with the first that is equal. */
  #isKnown(authorization: string | undefined, tokens: readonly string[]): boolean {
    const token = /^bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return false;
    if (tokens !== this.#digested) {
      this.#digested = tokens;
      this.#digests = tokens.map(digestOf);
    }
    const digest = digestOf(token);
    let found = false;
    for (const known of this.#digests) {
      if (timingSafeEqual(known, digest)) found = true;
    }
    return found;
  }
}

function digestOf(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}
