import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { until } from '../until.ts';
import { Explorer } from './explorer.ts';
import { reloadIfGivenUp } from './givenUpHost.ts';
import { LoopTree } from './loopTree.ts';
import { Notices } from './notices.ts';
import { OUT } from './paths.ts';
import { QuickInput } from './quickInput.ts';
import { TextEditor } from './textEditor.ts';
import { Walkthrough } from './walkthrough.ts';

const EXTENSION = 'loopsupervisor.loop-supervisor';
const SAID_AT_MOST = 100;
const SAID_CHARACTERS = 400;

/** All that VS Code has stored in this browser, for all windows and for single ones, as text. */
const REMEMBERED = `(async () => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const stored = {};
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith('vscode-web-state-db-')) continue;
    const database = await done(indexedDB.open(name));
    if (database.objectStoreNames.contains('ItemTable')) {
      const table = database.transaction('ItemTable').objectStore('ItemTable');
      const [keys, values] = await Promise.all([done(table.getAllKeys()), done(table.getAll())]);
      keys.forEach((key, index) => { stored[name + '/' + key] = String(values[index]); });
    }
    database.close();
  }
  return stored;
})()`;
/** Under this key VS Code stores which editors are open. */
const EDITORS = /\/memento\/workbench\.parts\.editor$/;

/** What lies open in a window. */
interface Left {
  readonly dialog: boolean;
  /** The dialog asks whether to save. */
  readonly unsaved: boolean;
  readonly menu: boolean;
  readonly question: boolean;
  readonly overlay: boolean;
  readonly editors: boolean;
  readonly notices: boolean;
}

/** What lies behind an editor that lies over the window. */
const OVERLAY = '.monaco-modal-editor-block';

const LEFT = `(() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].some((element) => element.checkVisibility());
  return {
    dialog: shown('.monaco-dialog-box'),
    unsaved: [...document.querySelectorAll('.monaco-dialog-box .monaco-button')]
      .some((button) => button.textContent.trim() === "Don't Save"),
    menu: shown('.monaco-menu'),
    question: shown('.quick-input-widget'),
    overlay: shown('${OVERLAY}'),
    editors: shown('.tabs-container .tab'),
    // What reports progress stays until that is over.
    notices: shown('.notification-toast:not(:has(.monaco-progress-container.active)), .notifications-center'),
  };
})()`;

/** The title of the dashboard, and what begins those of outputs. */
const DASHBOARD = 'Loop Supervisor';
const OUTPUT = 'Output: ';

/** One window, used as a person would: by keyboard, clicks and what can be read on the screen. */
export class Workbench {
  readonly page: Page;
  readonly input: QuickInput;
  readonly tree: LoopTree;
  readonly notices: Notices;
  readonly editor: TextEditor;
  readonly explorer: Explorer;
  readonly walkthrough: Walkthrough;
  /** The last that its console said. */
  readonly said: string[] = [];
  /** What lies open in it is meant to: it is not put in order before each test. */
  isKept = false;

  constructor(page: Page) {
    this.page = page;
    this.input = new QuickInput(page);
    this.tree = new LoopTree(page);
    this.input.makeWay = () => this.tree.takeLostAgain();
    this.notices = new Notices(page, this.input);
    this.editor = new TextEditor(page, this.input);
    this.explorer = new Explorer(page, this.input);
    this.walkthrough = new Walkthrough(page);
    const hear = (line: string) => {
      this.said.push(line.slice(0, SAID_CHARACTERS));
      if (this.said.length > SAID_AT_MOST) this.said.shift();
    };
    page.on('console', (message) => hear(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => hear(`error: ${error.message}`));
    page.on('crash', () => hear('the page crashed'));
    reloadIfGivenUp(page);
  }

  /** Runs a command of ours from the palette, by its title without the category. */
  async command(title: string): Promise<void> {
    await this.input.command(title);
  }

  /** Submits a prompt from the palette. */
  async submit(prompt: string): Promise<void> {
    await this.command('Submit Prompt…');
    await this.input.answer('The text for the agent', prompt);
  }

  /** Waits until its extensions are up (our status-bar items are there). */
  async ready(): Promise<void> {
    await this.statusItem('circuit').waitFor();
  }

  /** Reloads the window: the old extension host is asked to end, and a new one starts. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  /**
   * Waits until VS Code has stored this, of us or of its editors: it does so every few seconds, and a reload before
   * that loses it.
   */
  async remembers(part: string): Promise<void> {
    await until(`${part} to be remembered`, async () =>
      Object.values(await this.#remembered()).some((text) => text.includes(part)),
    );
  }

  /**
   * Waits until VS Code has stored that an editor is open whose title and state hold these parts, or that none is open
   * that holds all of them.
   */
  async remembersEditor(parts: readonly string[], isOpen = true): Promise<void> {
    await until(`${parts.join(', ')} to be remembered as ${isOpen ? 'open' : 'closed'}`, async () => {
      const states = Object.entries(await this.#remembered()).filter(([key]) => EDITORS.test(key));
      return states.some(([, text]) => parts.every((part) => text.includes(part))) === isOpen;
    });
  }

  async #remembered(): Promise<Record<string, string>> {
    return (await this.page.evaluate(REMEMBERED)) as Record<string, string>;
  }

  /** Puts the window away, as a user does who works with another program. Answers how to come back. */
  async leave(): Promise<() => Promise<void>> {
    const session = await this.page.context().newCDPSession(this.page);
    const { targetInfo } = await session.send('Target.getTargetInfo');
    const { windowId } = await session.send('Browser.getWindowForTarget', { targetId: targetInfo.targetId });
    const unit = async (away: boolean) => {
      // Playwright makes every page believe that it has the focus, until told otherwise.
      await session.send('Emulation.setFocusEmulationEnabled', { enabled: !away });
      await session.send('Browser.setWindowBounds', {
        windowId,
        bounds: { windowState: away ? 'minimized' : 'normal' },
      });
      await until(
        away ? 'the window to be away' : 'the window to be back',
        async () => (await this.page.evaluate('document.hasFocus()')) !== away,
      );
    };
    await unit(true);
    return async () => {
      await unit(false);
      await session.detach();
    };
  }

  /** Saves what is on the screen under test/ui/out. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(OUT, { recursive: true });
    // What fades in or out is shown as it will be.
    await this.page.screenshot({ path: join(OUT, `${name}.png`), animations: 'disabled' });
  }

  /** Gives the window another size, in pixels. */
  async resize(size: { readonly width: number; readonly height: number }): Promise<void> {
    await this.page.setViewportSize(size);
  }

  /**
   * Puts away whatever lies open: menus, questions, dialogs, notices, editors with unsaved text. Nothing of ours has
   * the keyboard then, and the pointer is on nothing.
   */
  async settle(): Promise<void> {
    await until('a window in which nothing lies open', async (timeout) => {
      const left = (await this.page.evaluate(LEFT)) as Left;
      if (left.unsaved)
        await this.page.locator('.monaco-dialog-box').getByRole('button', { name: "Don't Save" }).click();
      else if (left.dialog || left.menu || left.question) await this.page.keyboard.press('Escape');
      // With unsaved text it asks first.
      else if (left.overlay) await this.#closesOverlay().click({ timeout });
      else if (left.editors) await this.input.anyCommand('View: Close All Editors');
      else if (left.notices) await this.input.anyCommand('Notifications: Clear All Notifications');
      else return true;
      return false;
    });
    await this.tree.settle();
    await this.page.mouse.move(0, 0);
    await this.page.evaluate('document.activeElement?.blur()');
  }

  /** Drags the edge of the side bar so that it is that wide, in pixels. */
  async widenSideBar(width: number): Promise<void> {
    const box = await this.page.locator('.part.sidebar').boundingBox();
    if (!box) throw new Error('There is no side bar to be seen.');
    const [edge, middle] = [box.x + box.width + 1, box.y + box.height / 2];
    await this.page.mouse.move(edge, middle);
    await this.page.mouse.down();
    await this.page.mouse.move(box.x + width, middle, { steps: 5 });
    await this.page.mouse.up();
    await this.page.mouse.move(box.x + width / 2, box.y + box.height - 5);
  }

  /** Closes the editor that lies over the window, as the settings do. */
  async closeOverlay(): Promise<void> {
    await this.#closesOverlay().click();
    await this.page.locator(OVERLAY).waitFor({ state: 'detached' });
  }

  #closesOverlay(): Locator {
    return this.page.locator(OVERLAY).locator('.action-label.codicon-close').last();
  }

  /** Makes the window that wide, in pixels; a narrow one shows only what is being edited. */
  async narrow(width: number): Promise<void> {
    const { height } = this.page.viewportSize() ?? { height: 900 };
    const sideBar = this.page.locator('.part.sidebar');
    const hidden = width < 800;
    await this.page.setViewportSize({ width: hidden ? width + 48 : width, height });
    if ((await sideBar.isVisible()) === hidden) await this.input.anyCommand('View: Toggle Primary Side Bar Visibility');
    await sideBar.waitFor({ state: hidden ? 'hidden' : 'visible' });
  }

  statusItem(name: 'circuit' | 'budget'): Locator {
    return this.page.locator(`[id="${EXTENSION}.loopSupervisor.${name}"]`);
  }

  /** Points at a status-bar item, and answers what its hover says. */
  async statusHover(name: 'circuit' | 'budget'): Promise<string> {
    const hover = this.page.locator('.workbench-hover-container, .monaco-hover.workbench-hover').last();
    // One that has only begun ends when the item says something else.
    return until(`the hover of ${name}`, async (timeout) => {
      await this.page.mouse.move(400, 300);
      await this.statusItem(name).hover({ timeout });
      await hover.waitFor({ timeout });
      return hover.innerText({ timeout: timeout / 20 });
    });
  }

  /** The text of a status-bar item, without its icon. */
  async statusText(name: 'circuit' | 'budget'): Promise<string> {
    return ((await this.statusItem(name).textContent()) ?? '').trim();
  }

  /** How a status-bar item is coloured. */
  async statusKind(name: 'circuit' | 'budget'): Promise<'error' | 'warning' | 'plain'> {
    const classes = (await this.statusItem(name).getAttribute('class')) ?? '';
    return classes.includes('error-kind') ? 'error' : classes.includes('warning-kind') ? 'warning' : 'plain';
  }

  /**
   * Waits until the page of ours with that title is in front and shows what it has to show, and answers its inside.
   * While it loads it takes the keyboard. The page of the tab before stays for a moment, so the page itself is asked
   * what it is.
   */
  async panel(title: string | RegExp): Promise<FrameLocator> {
    const tab = this.page.locator('.tab.active').filter({ hasText: title }).first();
    await until(`the page ${title}`, async () => {
      await this.tree.takeLostAgain();
      if (!(await tab.isVisible())) return false;
      const label = (await tab.locator('.label-name').innerText()).trim();
      const isOutput = label.startsWith(OUTPUT);
      const part = label === DASHBOARD ? 'dashboard' : isOutput ? 'transcript' : 'detail';
      const heading = label === DASHBOARD ? 'Loops' : label.slice(isOutput ? OUTPUT.length : 0).replace(/…$/, '');
      const page = await this.webview()
        .locator('body')
        .evaluate((body) => ({
          script: body.querySelector('script[src]')?.getAttribute('src') ?? '',
          heading: body.querySelector('h1')?.textContent?.replace(/\s+/g, ' ').trim() ?? '',
          isBusy: body.getAttribute('aria-busy') === 'true' || !body.querySelector('main'),
        }));
      if (page.isBusy || !page.script.endsWith(`/${part}.js`) || !page.heading.startsWith(heading))
        throw new Error(`${label} is in front, and the page is ${JSON.stringify(page)}`);
      return true;
    });
    return this.webview();
  }

  /**
   * Presses a key on a control of the page in front, until the control has heard it: a page that has only just come is
   * given the keyboard once more.
   */
  async pressOn(control: Locator, key: string): Promise<void> {
    await until(`${key} to be heard`, async () => {
      const element = await control.elementHandle();
      const heard = await element?.evaluateHandle((listener) => {
        const log: string[] = [];
        // A button acts on Space when the key is let go.
        const event = listener.tagName === 'BUTTON' ? 'click' : 'keydown';
        listener.addEventListener(event, () => log.push(event), { once: true });
        listener.focus();
        return log;
      });
      await this.page.keyboard.press(key);
      // A page that has gone has heard it: it has led on.
      return heard === undefined ? false : heard.evaluate((log) => log.length > 0).catch(() => true);
    });
  }

  /** The inside of the webview that is in front; of two, while one takes the place of the other, the newer. */
  webview(): FrameLocator {
    return this.page
      .locator('iframe.webview.ready')
      .locator('visible=true')
      .last()
      .contentFrame()
      .locator('iframe#active-frame')
      .contentFrame();
  }
}
