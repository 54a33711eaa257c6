type Child = Node | string | undefined | false;
type Props = { readonly [name: string]: string | number | boolean | undefined | ((event: Event) => void) };

/**
 * Creates an element. Properties that begin with `on` are listeners, all others attributes (`true`: present, `false`
 * and `undefined`: absent). Strings become text, never markup: our pages never set `innerHTML`.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}
