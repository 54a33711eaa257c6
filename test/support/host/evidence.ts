import { globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame, Page } from 'playwright-core';
import { OUT } from './paths.ts';
import type { Server } from './server.ts';

/** A frame or a picture that takes longer (ms) is left out. */
const PATIENCE_MS = 20_000;
const LOG_LINES = 80;
const LOGS_AT_MOST = 12;

// Run in a window, as text: these files are checked without the DOM.
const SHOWN = `(() => {
  const texts = (selector) => [...document.querySelectorAll(selector)]
    .filter((element) => element.checkVisibility())
    .map((element) => element.innerText.replace(/\\s+/g, ' ').trim()).filter(Boolean);
  return {
    dialogs: texts('.monaco-dialog-box'),
    notices: texts('.notification-toast, .notifications-center .notification-list-item'),
    question: [...texts('.quick-input-widget'), ...[...document.querySelectorAll('.quick-input-widget input')]
      .filter((input) => input.checkVisibility()).map((input) => 'value: ' + input.value)],
    menus: texts('.monaco-menu'),
    editors: texts('.tabs-container .tab'),
    tree: texts('.part.sidebar .monaco-list-row'),
    statusBar: texts('.part.statusbar .statusbar-item'),
  };
})()`;

const FOCUS = `(() => {
  const element = document.activeElement;
  const words = element && [element.tagName.toLowerCase(), element.id && '#' + element.id, element.className &&
    '.' + String(element.className).trim().replace(/\\s+/g, '.'), element.getAttribute('aria-label')].filter(Boolean);
  return (document.hasFocus() ? 'has the keyboard, at ' : 'has not the keyboard; it was last at ') +
    (words ? words.join(' ') : 'nothing');
})()`;

/**
 * Keeps what one needs to understand why a test failed: a picture of each window, the text of dialogs, questions and
 * notices, what has the focus, the last lines of the logs, and the processes. Returns the folder; trouble in here is
 * written there too.
 */
export async function keepEvidence(
  title: string,
  server: Server | undefined,
  windows: readonly { readonly page: Page; readonly said: readonly string[] }[],
): Promise<string> {
  const name = title.replaceAll(/[^\w.-]+/g, ' ').trim();
  const folder = join(OUT, 'failed', name.slice(0, 120));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const report: string[] = [title, new Date().toISOString()];
  for (const [index, { page, said }] of windows.entries()) {
    const picture = join(folder, `window-${index + 1}.png`);
    report.push(`\n── window ${index + 1}: ${page.url()}`);
    await within(page.screenshot({ path: picture, timeout: PATIENCE_MS })).catch((error: unknown) =>
      report.push(`no picture: ${String(error)}`),
    );
    report.push(await told(page.mainFrame(), SHOWN), '\nfocus:');
    for (const frame of page.frames()) report.push(`  ${frame.url().slice(0, 120)}: ${await told(frame, FOCUS)}`);
    report.push('\nconsole:', ...said.map((line) => `  ${line}`));
  }
  if (server) {
    report.push('\n── processes', ...server.hosts().map(({ pid, command }) => `host ${pid} ${command.slice(0, 120)}`));
    report.push(...server.started().map(({ pid, ppid, command }) => `${pid} (of ${ppid}) ${command.slice(0, 200)}`));
    report.push(...logsOf(server));
  }
  writeFileSync(join(folder, 'report.txt'), report.join('\n'));
  return folder;
}

async function told(frame: Frame, question: string): Promise<string> {
  try {
    const answer = await within(frame.evaluate(question));
    return typeof answer === 'string' ? answer : JSON.stringify(answer, undefined, 2);
  } catch (error) {
    return `nothing: ${String(error)}`;
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
      throw new Error(`Nothing came for ${PATIENCE_MS / 1_000} s.`);
    }),
  ]);
}

/** The ends of the logs that were written last, those of guardians too. */
function logsOf({ dataDir, globalStorage, log }: Server): string[] {
  const files = [
    ...globSync(join(dataDir, 'data/logs/**/*.log')),
    ...globSync(join(globalStorage, 'runs/*/guardian.log')),
    log,
  ].flatMap((file) => {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat && stat.size > 0 ? [{ file, at: stat.mtimeMs }] : [];
  });
  return files
    .sort((a, b) => b.at - a.at)
    .slice(0, LOGS_AT_MOST)
    .flatMap(({ file }) => [
      `\n── ${relative(dataDir, file)}`,
      ...readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES),
    ]);
}
