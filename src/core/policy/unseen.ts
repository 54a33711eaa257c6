// Foreign text can hold signs that nobody sees, or that change how the text around them looks.

/** A sign that cannot be seen, looks like a blank, reorders others or has no look of its own. A space is none. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;

/** Marks beyond the four that a letter may bear: they would cover the lines around it. */
const MARK_FLOOD = /(?<=\p{M}{4})\p{M}+/gu;

/** Replaces marks on a letter that are more than any script puts there; `sign` is given how many. */
export function withoutMarkFloods(text: string, sign: (marks: number) => string): string {
  return text.replace(MARK_FLOOD, (marks) => sign([...marks].length));
}
