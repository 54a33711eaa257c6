import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { pageHtml } from '../../../src/ui/webviewHost/page.ts';
import { THEMES, type ThemeName } from './themes.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ORIGIN = 'https://webview.test';

// Runs in the page before its own script, as VS Code's does. As text: these files are checked without the DOM.
const VSCODE = `({ kind, colors }) => {
  const give = () => {
    document.documentElement.style.cssText = Object.entries(colors).map(([name, value]) => '--vscode-' + name + ': ' + value).join(';');
    document.body?.classList.add(kind);
  };
  document.addEventListener('DOMContentLoaded', give);
  new MutationObserver((_, observer) => document.body && (give(), observer.disconnect())).observe(document, { childList: true, subtree: true });
  let state;
  globalThis.acquireVsCodeApi = () => ({
    postMessage: (message) => globalThis.postToHost(JSON.parse(JSON.stringify(message))),
    getState: () => state,
    setState: (next) => (state = next),
  });
}`;

export interface PageOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
}

/**
 * One of our pages in a plain browser, with its real policy, and with what VS Code gives a webview: the theme's
 * variables and the way to post.
 */
export class WebviewPage {
  readonly page: Page;
  /** What the page did that it must not: errors, refused or outside requests. */
  readonly complaints: string[] = [];
  readonly #posted: { readonly type: string }[] = [];

  private constructor(page: Page) {
    this.page = page;
  }

  /** Opens the page of `src/ui/<part>/webview/main.ts`. */
  static async open(
    browser: Browser,
    part: string,
    { theme = 'dark', width = 1000, height = 700 }: PageOptions = {},
  ): Promise<WebviewPage> {
    const files = await bundle(part);
    const page = await browser.newPage({ viewport: { width, height } });
    const opened = new WebviewPage(page);
    page.on('pageerror', (error) => opened.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') opened.complaints.push(message.text());
    });
    await page.route('**/*', (route) => {
      const url = route.request().url();
      const body = files.get(url);
      if (body === undefined) {
        opened.complaints.push(`requested ${url}`);
        return route.abort();
      }
      const contentType = url.endsWith('.js') ? 'text/javascript' : url.endsWith('.css') ? 'text/css' : 'text/html';
      return route.fulfill({ body, contentType: `${contentType}; charset=utf-8` });
    });
    await page.exposeFunction('postToHost', (message: { type: string }) => void opened.#posted.push(message));
    await page.addInitScript({ content: `(${VSCODE})(${JSON.stringify(THEMES[theme])})` });
    await page.goto(`${ORIGIN}/`);
    return opened;
  }

  /** Gives the page a message, as the extension does. */
  async send(message: unknown): Promise<void> {
    await this.page.evaluate(`window.dispatchEvent(new MessageEvent('message', { data: ${JSON.stringify(message)} }))`);
  }

  /** Takes what the page has posted so far, of one type. */
  posted<T extends { readonly type: string }>(type: T['type']): T[] {
    return this.#posted.filter((message): message is T => message.type === type);
  }

  /** Takes a picture for people to look at, into the folder of pictures that tests make. */
  async picture(name: string): Promise<void> {
    const folder = join(ROOT, 'test/webviews/out');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    // Headless Chromium on a busy machine sometimes cannot take one at once.
    await this.page.screenshot({ path }).catch(() => this.page.screenshot({ path }));
  }

  /** Fails where axe finds something serious. */
  async mustBeAccessible(): Promise<void> {
    await this.page.evaluate(await axeSource());
    const violations = await this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: {
          run(): Promise<{
            violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
          }>;
        };
      };
      return (await axe.run()).violations.map(({ id, impact, nodes }) => ({
        id,
        impact,
        nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 200)}: ${failureSummary}`),
      }));
    });
    assert.deepEqual(
      violations.filter(({ impact }) => impact === 'serious' || impact === 'critical'),
      [],
    );
  }

  async close(): Promise<void> {
    await this.page.close();
    assert.deepEqual(this.complaints, []);
  }
}

const bundles = new Map<string, Promise<Map<string, string>>>();

function bundle(part: string): Promise<Map<string, string>> {
  const known = bundles.get(part);
  if (known) return known;
  const made = bundleNow(part);
  bundles.set(part, made);
  return made;
}

async function bundleNow(part: string): Promise<Map<string, string>> {
  const folder = join(ROOT, 'src/ui', part, 'webview');
  const { outputFiles } = await build({
    entryPoints: { [part]: join(folder, 'main.ts'), [`${part}-style`]: join(folder, 'main.css') },
    bundle: true,
    write: false,
    outdir: dirname(folder),
    platform: 'browser',
    target: 'es2024',
    format: 'iife',
    logLevel: 'warning',
  });
  const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? '';
  const html = pageHtml({
    cspSource: ORIGIN,
    nonce: 'test',
    script: `${ORIGIN}/main.js`,
    style: `${ORIGIN}/main.css`,
    title: part,
  });
  return new Map([
    [`${ORIGIN}/`, html],
    [`${ORIGIN}/main.js`, text(`${part}.js`)],
    [`${ORIGIN}/main.css`, text('-style.css')],
    [`${ORIGIN}/favicon.ico`, ''],
  ]);
}

async function axeSource(): Promise<string> {
  const { default: axe } = await import('axe-core');
  return axe.source;
}
