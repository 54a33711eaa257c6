const CONTROLS = 'button, a[href], input, select, summary, [tabindex]';

/**
 * Gives an element these children in place of its own. What is the same stays as it is, and what the user does in it
 * goes on: the keyboard stays on the control with the same words, and what was unfolded stays unfolded. Of several with
 * the same words it is the one as far from the end, since what is new comes first or changes nothing about the order.
 */
export function fill(parent: HTMLElement, ...children: readonly HTMLElement[]): void {
  const old = [...parent.children];
  const draft = document.createElement('div');
  draft.append(...children);
  for (const details of parent.querySelectorAll<HTMLDetailsElement>('details[open]'))
    twin(details, parent, draft, 'details')?.setAttribute('open', '');
  if (old.length === children.length && children.every((child, index) => old[index]?.isEqualNode(child))) return;
  const focused = document.activeElement;
  const next = focused && parent.contains(focused) ? twin(focused, parent, draft, CONTROLS) : undefined;
  parent.replaceChildren(...children);
  next?.focus();
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
