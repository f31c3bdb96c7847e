/** What lies on a simulated disk, as a value: cheap to keep, never changed. */
import type { StoredContent } from './content.ts';

/** What an image is made of. */
export interface ImageParts {
  readonly sectorBytes: number;
  readonly folders: readonly string[];
  /** By path, in the order of the paths. */
  readonly files: ReadonlyMap<string, StoredContent>;
}

/** Files of a disk at some moment. */
export class DiskImage {
  readonly parts: ImageParts;

  constructor(parts: ImageParts) {
    this.parts = parts;
  }

  /** Paths of all files, in order. */
  paths(): readonly string[] {
    return [...this.parts.files.keys()];
  }

  /** Content of a file, as a copy; `undefined` where there is none. */
  read(path: string): Uint8Array | undefined {
    const { sectorBytes, files } = this.parts;
    const file = files.get(path);
    if (file === undefined) return undefined;
    const bytes = new Uint8Array(file.size);
    for (const [number, sector] of file.sectors.entries()) {
      const at = number * sectorBytes;
      if (sector !== undefined) bytes.set(sector.subarray(0, file.size - at), at);
    }
    return bytes;
  }
}
