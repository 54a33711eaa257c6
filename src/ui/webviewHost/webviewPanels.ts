import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { pageHtml } from './page.ts';

/** The panel as its content sees it. */
export interface PanelHandle {
  post(message: unknown): void;
  setTitle(title: string): void;
  readonly visible: boolean;
}

/** The content of a panel. */
export interface PanelContent extends vscode.Disposable {
  /** An unvalidated message of the page. */
  receive(message: unknown): void;
  setVisible(visible: boolean): void;
}

/** What panels of one kind share. */
export interface PanelKind<T> {
  readonly viewType: string;
  /** Names the bundle `dist/webview/<part>.js`. */
  readonly part: string;
  /** Validates the target that a page kept across a reload; undefined if invalid. */
  targetOf(state: unknown): T | undefined;
  /** Targets with the same key share a panel. */
  key(target: T): string;
  /** The title for its target; undefined as long as it cannot be read, which leaves the one of before a reload. */
  title(target: T): Promise<string | undefined>;
  /** The title of a new panel. */
  titleUnknown(target: T): string;
  /** Loads its content; the page waits, and reports a failure. */
  open(target: T, panel: PanelHandle): Promise<PanelContent>;
  onError(message: string, error: unknown): void;
}

/** The editor panels of one kind: one per target, restored after a window reload. */
export class WebviewPanels<T> implements vscode.Disposable {
  readonly #kind: PanelKind<T>;
  readonly #extensionUri: vscode.Uri;
  readonly #open = new Map<string, vscode.WebviewPanel>();
  readonly #serializer: vscode.Disposable;

  constructor(kind: PanelKind<T>, extensionUri: vscode.Uri) {
    this.#kind = kind;
    this.#extensionUri = extensionUri;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(kind.viewType, {
      deserializeWebviewPanel: async (panel, state) => {
        const target = kind.targetOf(state);
        if (target === undefined || this.#open.has(kind.key(target))) panel.dispose();
        else this.#fill(panel, target);
      },
    });
  }

  /** Shows the panel of a target, beside the active editor if it is new. */
  show(target: T): void {
    const known = this.#open.get(this.#kind.key(target));
    if (known) {
      known.reveal();
      return;
    }
    const { viewType } = this.#kind;
    const panel = vscode.window.createWebviewPanel(
      viewType,
      this.#kind.titleUnknown(target),
      vscode.ViewColumn.Active,
      {
        enableFindWidget: true,
      },
    );
    this.#fill(panel, target);
  }

  /** Whether the panel with that key is the visible one of its group. */
  isVisible(key: string): boolean {
    return this.#open.get(key)?.visible ?? false;
  }

  dispose(): void {
    this.#serializer.dispose();
    for (const panel of [...this.#open.values()]) panel.dispose();
  }

  #fill(panel: vscode.WebviewPanel, target: T): void {
    const { key, part, title, titleUnknown, open, onError } = this.#kind;
    const id = key(target);
    this.#open.set(id, panel);
    const { webview } = panel;
    const folder = vscode.Uri.joinPath(this.#extensionUri, 'dist', 'webview');
    webview.options = { enableScripts: true, localResourceRoots: [folder] };
    panel.iconPath = vscode.Uri.joinPath(this.#extensionUri, 'media', 'icon.svg');
    // A disposed panel throws on any access.
    let gone = false;
    let isTitled = false;
    const post = (message: unknown) => {
      if (!gone) void webview.postMessage(message);
    };
    const handle: PanelHandle = {
      post,
      setTitle: (text) => {
        isTitled = true;
        if (!gone && panel.title !== text) panel.title = text;
      },
      get visible() {
        return !gone && panel.visible;
      },
    };
    // What its content has set meanwhile is newer.
    title(target).then(
      (text) => text !== undefined && !isTitled && handle.setTitle(text),
      (error: unknown) => onError('The title of a panel could not be read.', error),
    );
    const content = open(target, handle).catch((error: unknown) => {
      onError('A panel could not be filled.', error);
      return unfilled(post, error);
    });
    const tell = (what: (content: PanelContent) => void) =>
      void content.then(what).catch((error: unknown) => onError('A panel could not carry out a request.', error));
    const tellOpen = (what: (content: PanelContent) => void) => tell((page) => gone || what(page));
    webview.onDidReceiveMessage((message: unknown) => tellOpen((page) => page.receive(message)));
    panel.onDidChangeViewState(() => tellOpen((page) => page.setVisible(panel.visible)));
    panel.onDidDispose(() => {
      gone = true;
      this.#open.delete(id);
      tell((page) => page.dispose());
    });
    const file = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString();
    webview.html = pageHtml({
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString('hex'),
      script: file(`${part}.js`),
      style: file(`${part}.css`),
      title: titleUnknown(target),
    });
  }
}

/** Placeholder for content that failed to load: every message is answered with the reason. */
function unfilled(post: (message: unknown) => void, error: unknown): PanelContent {
  const why = error instanceof Error ? error.message : String(error);
  return {
    receive: () =>
      post({
        type: 'gone',
        text: `This page could not be filled: ${why} Close it and open it again; the log says more.`,
      }),
    setVisible() {},
    dispose() {},
  };
}
