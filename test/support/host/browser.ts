import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflate } from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';
import { CACHE, filledOnce } from './paths.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

// What Chromium needs beside the C library. Bare machines lack them; the package brings its own.
const LIBRARIES = ['libnss3.so', 'libnspr4.so', 'libexpat.so.1'];
const SYSTEM_FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/lib/x86_64-linux-gnu'];

/** Starts a headless Chromium: CHROME_PATH, the system's, or the one that comes as an npm package. */
export async function launchBrowser(): Promise<Browser> {
  const { path, env } = await findBrowser();
  return chromium.launch({
    executablePath: path,
    env: { ...process.env, ...env },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** The browser to use and what its environment needs. Unpacks the packaged one, once. */
export async function findBrowser(): Promise<{ path: string; env: Record<string, string> }> {
  const own =
    process.env.CHROME_PATH ??
    NAMES.flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))).find(
      existsSync,
    );
  if (own) return { path: own, env: {} };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('No Chromium or Chrome was found. Install one, or set CHROME_PATH to its program.');
  }
  const home = await unpackChromium();
  const lacksLibraries = !LIBRARIES.every((name) => SYSTEM_FOLDERS.some((folder) => existsSync(join(folder, name))));
  const libraries = [join(home, 'al2023', 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return {
    path: join(home, 'chromium'),
    env: { FONTCONFIG_FILE: fontSettings(home), ...(lacksLibraries && { LD_LIBRARY_PATH: libraries }) },
  };
}

/** The fonts of the system, and after them the packaged one: without any font Chromium falls over. */
function fontSettings(home: string): string {
  const file = join(home, 'fonts.conf');
  const folders = ['/usr/share/fonts', '/usr/local/share/fonts', join(home, 'fonts')].map(
    (folder) => `<dir>${folder}</dir>`,
  );
  writeFileSync(
    file,
    `<?xml version="1.0"?>\n<fontconfig>${folders.join('')}<cachedir>${join(home, 'font-cache')}</cachedir></fontconfig>\n`,
  );
  return file;
}

async function unpackChromium(): Promise<string> {
  const folder = join(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '..');
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const complete = (home: string) => ['chromium', 'al2023', 'fonts'].every((part) => existsSync(join(home, part)));
  return filledOnce(join(CACHE, `chromium-${version}`), complete, async (draft) => {
    // The package unpacks into the folder for temporary files, so that is what we make the draft for this while.
    const before = process.env.TMPDIR;
    process.env.TMPDIR = draft;
    try {
      await Promise.all(
        ['chromium.br', 'al2023.tar.br', 'fonts.tar.br', 'swiftshader.tar.br'].map((part) =>
          inflate(join(folder, 'bin', part)),
        ),
      );
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });
}
