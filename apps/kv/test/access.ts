/** Nobody is asked for anything. */
import type { HttpAccess } from '../src/http/server.ts';

/** Plain text, for everybody. */
export const openAccess: HttpAccess = {
  cluster: 'test',
  tls: undefined,
  clientCertificates: 'none',
  tokens: undefined,
  hosts: undefined,
  origins: [],
};
