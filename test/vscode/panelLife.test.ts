import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { type PanelContent, type PanelHandle, WebviewPanels } from '../../src/ui/webviewHost/webviewPanels.ts';
import { until } from '../support/until.ts';
import { extension } from './extension.ts';

/** After so many looks a page has had its time. */
const LOOKS_AT_A_PAGE = 300;

describe('the life of a panel, in VS Code', () => {
  let told: string[];
  let handle: PanelHandle;
  let panels: WebviewPanels<string>;
  let opening: PromiseWithResolvers<PanelContent>;

  beforeEach(() => {
    told = [];
    opening = Promise.withResolvers();
    panels = new WebviewPanels<string>(
      {
        viewType: 'loopSupervisor.testOfPanels',
        part: 'dashboard',
        targetOf: () => undefined,
        key: (target) => target,
        title: async (target) => target,
        titleUnknown: (target) => target,
        open: (_, panel) => {
          handle = panel;
          return opening.promise;
        },
        onError: (message, error) => told.push(`${message} ${error}`),
      },
      extension().extensionUri,
    );
  });
  afterEach(() => panels.dispose());

  const content = (receive: () => void): PanelContent => ({
    receive,
    setVisible: () => void told.push('visible'),
    dispose: () => void told.push('disposed'),
  });
  const isOpen = () =>
    vscode.window.tabGroups.all.some((group) => group.tabs.some(({ label }) => label === 'of a test'));
  async function show(): Promise<void> {
    panels.show('of a test');
    await until('the panel', isOpen);
  }
  async function close(): Promise<void> {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await until('its end', () => !isOpen());
  }

  it('one closed before its content has loaded learns only of its end, and messages to it go nowhere', async () => {
    await show();
    await close();
    opening.resolve(content(() => told.push('received')));
    await until('the end', () => told.length > 0);
    handle.post({ type: 'late' });
    handle.setTitle('late');
    assert.deepEqual([told, handle.visible], [['disposed'], false]);
  });

  it('one whose content fails to load is reported once, and stays open to say so', async () => {
    await show();
    opening.reject(new Error('no such file'));
    await until('the message', () => told.length > 0);
    assert.deepEqual([told, isOpen()], [['A panel could not be filled. Error: no such file'], true]);
    await close();
    assert.equal(told.length, 1);
  });

  it('a message that its content cannot handle is reported as such', async () => {
    await show();
    opening.resolve(
      content(() => {
        throw new Error('not understood');
      }),
    );
    let looks = 0;
    await until('the message', async () => {
      if (told.includes('A panel could not carry out a request. Error: not understood')) return true;
      // On a busy machine VS Code sometimes opens a panel whose page never comes: then another is opened.
      if (++looks % LOOKS_AT_A_PAGE === 0) {
        await close();
        await show();
      }
      return false;
    });
  });
});
