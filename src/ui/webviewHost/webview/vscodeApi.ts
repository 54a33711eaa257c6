/** The only channel from a webview to the extension. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** Messages between page and extension, and state that the page keeps while hidden and across reloads. */
export interface Connection<Out> {
  post(message: Out): void;
  keep(state: unknown): void;
  kept(): unknown;
}

/** Connects the page with the extension. Until the first message is shown, the page is busy, and shows nothing. */
export function connect<In extends { readonly type: string }, Out>(receive: (message: In) => void): Connection<Out> {
  const api = acquireVsCodeApi();
  document.body.ariaBusy = 'true';
  window.addEventListener('message', (event: MessageEvent<In>) => {
    if (typeof event.data?.type !== 'string') return;
    document.body.ariaBusy = null;
    receive(event.data);
  });
  return {
    post: (message) => api.postMessage(message),
    keep: (state) => api.setState(state),
    kept: () => api.getState(),
  };
}
