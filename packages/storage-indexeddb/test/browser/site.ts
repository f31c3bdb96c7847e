/** The site that the browser visits: the package and its tests in bundles, on this machine only. */
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const entries = ['page', 'suite.worker', 'open.worker'];
const html = '<!doctype html><title>Quorate</title><script type="module" src="/page.js"></script>';

/** A site that is up. */
export interface Site {
  readonly url: string;
  close(): void;
}

/** Bundles the sources, and serves them. */
export async function openSite(): Promise<Site> {
  const files = await bundle();
  files.set('/', { type: 'text/html', content: html });
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    response.writeHead(file === undefined ? 404 : 200, {
      'content-type': file?.type ?? 'text/plain',
    });
    response.end(file?.content);
  });
  const port = await listen(server);
  return {
    // What has this name is trusted like HTTPS: Web Locks are there.
    url: `http://localhost:${String(port)}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function bundle(): Promise<Map<string, { readonly type: string; readonly content: string }>> {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const build = await rolldown({
    input: Object.fromEntries(entries.map((name) => [name, `${here}${name}.ts`])),
    platform: 'browser',
    resolve: { conditionNames: ['source', 'browser', 'import', 'default'] },
  });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  return new Map(
    output.flatMap((file) =>
      file.type === 'chunk'
        ? [[`/${file.fileName}`, { type: 'text/javascript', content: file.code }] as const]
        : [],
    ),
  );
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, 'localhost', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
