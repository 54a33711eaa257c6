/** The one way from a webview to the extension. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** What a page and the extension say to each other by, and what the page keeps while it is hidden and over a reload of the window. */
export interface Connection<Out> {
  post(message: Out): void;
  keep(state: unknown): void;
  kept(): unknown;
}

/** Connects the page with the extension. */
export function connect<In extends { readonly type: string }, Out>(receive: (message: In) => void): Connection<Out> {
  const api = acquireVsCodeApi();
  window.addEventListener('message', (event: MessageEvent<In>) => {
    if (typeof event.data?.type === 'string') receive(event.data);
  });
  return {
    post: (message) => api.postMessage(message),
    keep: (state) => api.setState(state),
    kept: () => api.getState(),
  };
}
