/** What a browser visits: sources in bundles, on this machine only. */
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** A script of a page or of a worker. */
export interface BundledFile {
  /** As pages load it: `page.js`. */
  readonly name: string;
  readonly code: string;
}

/** Scripts that belong together. */
export type Bundle = readonly BundledFile[];

/** A site that is up. */
export interface Site {
  /** Its one page, which runs `page.js`. */
  readonly url: string;
  /** What the browser tells others of where a page of it comes from. */
  readonly origin: string;
  close(): void;
}

const html = '<!doctype html><title>Quorate</title><script type="module" src="/page.js"></script>';

/**
 * Bundles `<name>.ts` for browsers, one script each.
 *
 * @param folder with a slash at its end.
 * @param minify as for production, to see how large it is. @default false
 */
export async function bundle(
  folder: URL,
  names: readonly string[],
  minify: boolean = false,
): Promise<Bundle> {
  const build = await rolldown({
    input: Object.fromEntries(
      names.map((name) => [name, fileURLToPath(new URL(`${name}.ts`, folder))]),
    ),
    platform: 'browser',
    resolve: { conditionNames: ['source', 'browser', 'import', 'default'] },
  });
  const { output } = await build.generate({ format: 'esm', minify });
  await build.close();
  return output.flatMap((file) =>
    file.type === 'chunk' ? [{ name: file.fileName, code: file.code }] : [],
  );
}

/** Serves a page that runs `page.js`, and the scripts beside it. Another call gives another origin. */
export async function openSite(scripts: Bundle): Promise<Site> {
  const files = new Map([
    ['/', { type: 'text/html', content: html }],
    ...scripts.map(
      ({ name, code }) => [`/${name}`, { type: 'text/javascript', content: code }] as const,
    ),
  ]);
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    response.writeHead(file === undefined ? 404 : 200, {
      'content-type': file?.type ?? 'text/plain',
    });
    response.end(file?.content);
  });
  // What has this name is trusted like HTTPS: Web Locks are there.
  const origin = `http://localhost:${String(await listen(server))}`;
  return {
    url: `${origin}/`,
    origin,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
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
