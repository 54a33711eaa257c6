/** A line of the file in which a suite reports. */
export type Line =
  | { readonly kind: 'pass'; readonly title: string; readonly ms: number }
  | { readonly kind: 'skip'; readonly title: string }
  | { readonly kind: 'fail'; readonly title: string; readonly error: string }
  | { readonly kind: 'end' };

/** The environment variable that names that file. */
export const RECORD = 'LOOP_TEST_RECORD';
