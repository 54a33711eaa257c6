const CONTROLS = 'button, a[href], input, select, summary, [tabindex]';

/**
 * Replaces the children of an element. Unchanged ones stay, and so does whatever the user does in them: a click lands,
 * the keyboard stays on the control with the same words, and unfolded parts stay unfolded. Of several with the same
 * words, the one at the same distance from the end counts, since new ones come first or leave the order as it was.
 */
export function fill(parent: HTMLElement, ...children: readonly HTMLElement[]): void {
  const old = [...parent.children];
  const draft = document.createElement('div');
  draft.append(...children);
  for (const details of parent.querySelectorAll<HTMLDetailsElement>('details[open]'))
    twin(details, parent, draft, 'details')?.setAttribute('open', '');
  const focused = document.activeElement;
  const next = focused && parent.contains(focused) ? twin(focused, parent, draft, CONTROLS) : undefined;
  let from = 0;
  const wanted = children.map((child, index) => {
    const same = [index, index + old.length - children.length].find(
      (place) => place >= from && old[place]?.isEqualNode(child),
    );
    if (same === undefined) return child;
    from = same + 1;
    return old[same] ?? child;
  });
  arrange(parent, wanted);
  if (document.activeElement !== focused) next?.focus();
}

/**
 * Makes these the children of an element, in this order. One that stays is never removed on the way: that would end a
 * click.
 */
export function arrange(parent: Element, children: readonly Element[]): void {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, index) => {
    const there = parent.children[index];
    if (there !== child) parent.insertBefore(child, there ?? null);
  });
}

/** Puts an element in the place of another that shows the same; the keyboard stays on the same control of it. */
export function swap(old: Element, next: Element): void {
  const at = [...old.querySelectorAll(CONTROLS)].indexOf(document.activeElement ?? old);
  old.replaceWith(next);
  if (at >= 0) next.querySelectorAll<HTMLElement>(CONTROLS)[at]?.focus({ preventScroll: true });
}

/** The element of `to` that has the words of one in `from`. */
function twin(element: Element, from: ParentNode, to: ParentNode, selector: string): HTMLElement | undefined {
  const alike = (root: ParentNode) =>
    [...root.querySelectorAll<HTMLElement>(selector)].filter((other) => wordsOf(other) === wordsOf(element));
  const before = alike(from);
  return alike(to).at(before.indexOf(element as HTMLElement) - before.length);
}

function wordsOf(element: Element): string {
  return element.getAttribute('aria-label') ?? element.textContent ?? '';
}
