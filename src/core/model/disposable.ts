/** Stops a timer, a listener, or gives back whatever else is held. Calling it twice is harmless. */
export interface Disposable {
  dispose(): void;
}
