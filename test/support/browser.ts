// The built studio in a real browser: a server that gives a folder as a plain static host would, below a sub-path, and
// Chromium by playwright-core. A machine without Chromium skips such tests and says so; VOCODE_REQUIRE_BROWSER=1 fails.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const executablePath = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const studio = fileURLToPath(new URL("../../dist/studio", import.meta.url));

/** Why there is no browser here; undefined where there is one. @throws Error where one is required */
export const browserFault = findFault();

function findFault(): string | undefined {
  if (existsSync(executablePath)) return undefined;
  const fault = `no Chromium at ${executablePath}: install it, or set CHROMIUM_PATH`;
  if (process.env["VOCODE_REQUIRE_BROWSER"] === "1") throw new Error(fault);
  console.warn(`Tests in a browser are skipped: ${fault}.`);
  return fault;
}

/** Starts Chromium, quiet and offline but for what a page asks for. @param switches more of its command line */
export async function openBrowser(switches: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...switches,
    ],
  });
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};

/** A folder that is served on this machine. */
export interface StaticHost {
  /** Of the folder, with a slash at its end. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves a folder below a sub-path, on a free port.
 *
 * @param headers sent with every file, such as COOP and COEP; none where it is left out
 */
export async function serve(
  folder = studio,
  headers: Readonly<Record<string, string>> = {},
): Promise<StaticHost> {
  if (!existsSync(folder)) throw new Error(`${folder} is not there: run 'npm run studio:build' first.`);
  const base = "/somewhere/studio/";
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = normalize(decodeURIComponent(pathname.slice(base.length)));
    const file = join(folder, pathname.endsWith("/") ? join(path, "index.html") : path);
    const answer =
      pathname.startsWith(base) && !path.startsWith("..") ? readFile(file) : Promise.reject(new Error());
    answer.then(
      (bytes) => {
        response.writeHead(200, {
          "content-type": types[extname(file)] ?? "application/octet-stream",
          "content-length": bytes.length,
          ...headers,
        });
        response.end(bytes);
      },
      () => {
        response.writeHead(404).end();
      },
    );
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}${base}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => {
          done();
        });
      }),
  };
}

/** A page that is watched. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of the console and of scripts, answers that failed, and requests to another origin. */
  readonly faults: string[];
  /** Bytes of each address that was answered up to now. */
  readonly downloads: ReadonlyMap<string, number>;
}

/** Opens a page and waits until its scripts have run. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  const sizes = new Map<string, number>();
  const { origin } = new URL(address);
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!/^(data|blob):/.test(url) && new URL(url).origin !== origin) faults.push(`foreign request: ${url}`);
  });
  page.on("response", (response) => {
    const url = response.url();
    if (response.status() >= 400) faults.push(`${response.status()}: ${url}`);
    sizes.set(url, Number(response.headers()["content-length"] ?? 0));
  });
  await page.goto(address, { waitUntil: "load" });
  return { page, faults, downloads: sizes };
}

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe-core calls serious or critical on a page: "rule: element". */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: axePath });
  // colours that are on their way from one theme to the other are nobody's
  await page.evaluate(async () => {
    await Promise.allSettled(document.getAnimations().map(async ({ finished }) => finished));
  });
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}

/** The exact value of a figure's number. */
export async function figureNumber(page: Page, name: string): Promise<number> {
  const value = await page.locator(`[data-name="${name}"]`).getAttribute("data-value");
  return Number(value);
}

/** Moves a slider as a reader would end up moving it: its value, and the event that tells the page. */
export async function moveSlider(page: Page, name: string, value: number): Promise<void> {
  await page.locator(`input[type=range][name="${name}"]`).evaluate((input: HTMLInputElement, to) => {
    input.valueAsNumber = to;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }, value);
}
