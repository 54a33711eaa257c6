/** Runs writes one after another, in the order of their calls. */
export class WriteQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Whether there is nothing to do. */
  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  add<T>(write: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const result = this.#last.then(write);
    this.#last = result.then(
      () => this.#waiting--,
      () => this.#waiting--,
    );
    return result;
  }
}
