// Files of a checkpoint by address: fetched with their progress, and kept in the browser's Cache API, where they are asked
// for only whether they have changed.
import { FileError } from "../../errors.js";
import { byteSource, concatenateBytes, type Files } from "../../formats/bytes.js";

const CACHE = "mel-vocode";

/** How files are fetched. */
export interface FetchOptions {
  /** Bytes received of a file, and how many there are where the server says so. */
  readonly onDownload?: (received: number, total: number | undefined, file: string) => void;
  /** Keeps what was fetched for the next visit. */
  readonly keeps?: boolean;
}

/** Files of the web, each fetched once; what is read stays in memory as long as this does. */
export class FetchedFiles implements Files {
  readonly #options: FetchOptions;
  readonly #files = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(options: FetchOptions = {}) {
    this.#options = options;
  }

  /** @throws FileError */
  read(address: string): Promise<Uint8Array<ArrayBuffer>> {
    const reading = this.#files.get(address) ?? readKept(address, this.#options);
    this.#files.set(address, reading);
    reading.catch(() => this.#files.delete(address));
    return reading;
  }

  /** @throws FileError */
  async open(address: string): Promise<ReturnType<typeof byteSource>> {
    return byteSource(await this.read(address));
  }
}

/** What a server says by which a file's versions are told apart; undefined where it says nothing of it. */
function versionOf({ headers }: Response): string | undefined {
  return headers.get("etag") ?? headers.get("last-modified") ?? undefined;
}

async function readKept(
  address: string,
  { onDownload, keeps = true }: FetchOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const cache = keeps ? await openCache() : undefined;
  const kept = await cache?.match(address);
  if (kept) {
    const version = versionOf(kept);
    const head = await fetch(address, { method: "HEAD", cache: "no-cache" }).catch(() => undefined);
    // without a network what was kept is as good as any
    if (!head || (head.ok && version !== undefined && versionOf(head) === version)) {
      const bytes = new Uint8Array(await kept.arrayBuffer());
      onDownload?.(bytes.length, bytes.length, address);
      return bytes;
    }
  }
  const response = await fetchOk(address);
  const bytes = await receive(response, address, onDownload);
  const version = versionOf(response);
  // a full disk, or a private window, keeps nothing
  if (cache && version !== undefined)
    await cache.put(address, new Response(bytes, { headers: { etag: version } })).catch(() => undefined);
  return bytes;
}

/** The cache of this page's origin; pages without a secure origin have none. */
export async function openCache(): Promise<Cache | undefined> {
  if (!("caches" in globalThis)) return undefined;
  return caches.open(CACHE).catch(() => undefined);
}

async function fetchOk(address: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, { cache: "no-cache" });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileError(
      `'${address}' cannot be fetched: ${reason}. Check the address and the network, and that another server than the ` +
        "page's allows it (CORS).",
      address,
      undefined,
      { cause: error },
    );
  }
  if (response.ok) return response;
  throw new FileError(
    `'${address}' cannot be fetched: the server answers ${response.status}. Name the folder that holds the checkpoint's ` +
      "config.json and model.safetensors.",
    address,
    response.status === 404 ? "ENOENT" : undefined,
  );
}

async function receive(
  response: Response,
  address: string,
  onDownload: FetchOptions["onDownload"],
): Promise<Uint8Array<ArrayBuffer>> {
  const length = Number(response.headers.get("content-length"));
  // what is packed on its way has another length than what arrives
  const total = length > 0 && !response.headers.has("content-encoding") ? length : undefined;
  const pieces: Uint8Array[] = [];
  let received = 0;
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new FileError(`'${address}' ended after ${received} bytes: ${reason}.`, address, undefined, {
        cause: error,
      });
    });
    if (done) break;
    pieces.push(value);
    received += value.length;
    onDownload?.(received, total, address);
  }
  return concatenateBytes(pieces);
}
