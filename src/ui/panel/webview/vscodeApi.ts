/** The one way from a webview to the extension. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** Connects the page with the extension. `state` is what the page is opened with again after a reload of the window. */
export function connect<In extends { readonly type: string }, Out>(
  receive: (message: In) => void,
): { post(message: Out): void; keep(state: unknown): void } {
  const api = acquireVsCodeApi();
  window.addEventListener('message', (event: MessageEvent<In>) => {
    if (typeof event.data?.type === 'string') receive(event.data);
  });
  return { post: (message) => api.postMessage(message), keep: (state) => api.setState(state) };
}
