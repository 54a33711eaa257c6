// Foreign text can hold signs that nobody sees, or that change how the text around them looks.

// Patterns are made where they are used: V8 collects the signs of a property when it makes one, which takes long.

/**
 * The pattern, for the flag `u`, of a sign that cannot be seen, looks like a blank, reorders others or has no look of
 * its own. A space is none.
 */
export const UNSEEN = String.raw`[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}`;

/** Whether a text has a sign of that kind. */
export function hasUnseen(text: string): boolean {
  return new RegExp(UNSEEN, 'u').test(text);
}

/**
 * Replaces marks beyond the four that a letter may bear, which would cover the lines around it; `sign` is given how
 * many they are.
 */
export function withoutMarkFloods(text: string, sign: (marks: number) => string): string {
  return text.replace(/(?<=\p{M}{4})\p{M}+/gu, (marks) => sign([...marks].length));
}
