/** A line of the file in which a suite reports. */
export type Line =
  /** A test or a hook begins: should it hang, one knows which. */
  | { readonly kind: 'begin'; readonly title: string }
  | { readonly kind: 'pass'; readonly title: string; readonly ms: number }
  | { readonly kind: 'skip'; readonly title: string }
  | { readonly kind: 'fail'; readonly title: string; readonly error: string }
  /** Where one finds what a failed test left: pictures, texts, logs. */
  | { readonly kind: 'evidence'; readonly title: string; readonly folder: string }
  | { readonly kind: 'end' };

/** The environment variable that names that file. */
export const RECORD = 'LOOP_TEST_RECORD';

/** The environment variable that names the folder in which the workers of a suite claim its files. */
export const CLAIMS = 'LOOP_TEST_CLAIMS';

/** Only a test or a hook that hangs takes this long (ms). */
export const HANGS_MS = 600_000;
