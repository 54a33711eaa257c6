import type { FoundContainment } from './findContainment.ts';

/** Finds out how runs are contained here when it is first called, and remembers that. It never rejects. */
export function foundOnce(log: (message: string, error?: unknown) => void): () => Promise<FoundContainment> {
  let found: Promise<FoundContainment> | undefined;
  const find = async (): Promise<FoundContainment> => {
    // A bundle of its own: most windows never start a run.
    const { findContainment } = await import('./findContainment.ts');
    return findContainment();
  };
  return () => {
    found ??= find().catch((error: unknown) => {
      log('How runs can be contained here could not be found out; they are found by search.', error);
      return { kind: 'search' as const, without: [], wrap: () => [] };
    });
    return found;
  };
}
