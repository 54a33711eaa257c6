/**
 * The tests of a `describe` that wait much and take nothing from each other: all begin at once, and each `it` waits for
 * its own. Call it in the `describe`, with the names of the tests and what they do.
 */
export function together(tests: { readonly [name: string]: () => Promise<void> }): void {
  const ends = new Map<string, Promise<void>>();
  before(() => {
    for (const [name, run] of Object.entries(tests)) {
      const end = run();
      // Its own test reports it.
      end.catch(() => undefined);
      ends.set(name, end);
    }
  });
  // When one was left out, as by `-g`, it ends before others begin.
  after(() => Promise.allSettled(ends.values()));
  for (const name of Object.keys(tests)) it(name, () => ends.get(name));
}
