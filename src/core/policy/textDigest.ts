/**
 * A digest of lines, as two words of 32 bits: enough to distinguish outputs of one check, but not to withstand anybody.
 */
export type TextDigest = readonly [number, number];

export const EMPTY_DIGEST: TextDigest = [0xdeadbeef, 0x41c6ce57];

/** The digest with one more line. */
export function addToDigest([one, other]: TextDigest, line: string): TextDigest {
  let h1 = one;
  let h2 = other;
  for (let at = 0; at <= line.length; at++) {
    // The line end counts too: "a", "b" and "ab" are different outputs.
    const unit = at < line.length ? line.charCodeAt(at) : 10;
    h1 = Math.imul(h1 ^ unit, 2654435761);
    h2 = Math.imul(h2 ^ unit, 1597334677);
    h1 = (h1 << 13) | (h1 >>> 19);
    h2 = (h2 << 17) | (h2 >>> 15);
  }
  return [h1 >>> 0, h2 >>> 0];
}

export function textOf([one, other]: TextDigest): string {
  return [one, other].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
