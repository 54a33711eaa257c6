import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked';
import { h } from '../../webviewHost/webview/dom.ts';
import { diffLines, isDiff } from '../diff.ts';
import { diffView } from './diffView.ts';
import { linkedText } from './linkedText.ts';

/**
 * Renders Markdown from an agent. Elements are built from the parser's tokens: HTML stays text, images are named
 * instead of loaded, and only http, https and mailto links work; file names become links that the extension checks and
 * opens.
 */
export function markdown(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  try {
    fragment.append(...blocks(new Lexer({ gfm: true, breaks: false }).lex(text)));
  } catch {
    // Nested too deeply for the parser: shown as text.
    fragment.replaceChildren(h('pre', {}, text));
  }
  return fragment;
}

function blocks(tokens: readonly Token[]): Node[] {
  return tokens.flatMap((token) => block(token as MarkedToken));
}

function block(token: MarkedToken): Node[] {
  switch (token.type) {
    case 'space':
    case 'def':
      return [];
    case 'heading':
      // The page itself uses the first two levels.
      return [h(`h${Math.min(6, token.depth + 2)}` as 'h3', {}, ...inlines(token.tokens))];
    case 'paragraph':
      return [h('p', {}, ...inlines(token.tokens))];
    case 'code':
      return [code(token)];
    case 'blockquote':
      return [h('blockquote', {}, ...blocks(token.tokens))];
    case 'list':
      return [list(token)];
    case 'table':
      return [table(token)];
    case 'hr':
      return [h('hr')];
    case 'html':
      return [h('p', { class: 'source' }, token.text)];
    case 'text':
      return token.tokens ? inlines(token.tokens) : [linkedText(decode(token.text))];
    default:
      return inline(token);
  }
}

function code(token: Tokens.Code): Node {
  if (/^(?:diff|patch)\b/.test(token.lang ?? '') || isDiff(token.text)) return diffView(diffLines(token.text, 2_000));
  return h('pre', { tabindex: 0 }, h('code', {}, linkedText(token.text)));
}

function list(token: Tokens.List): Node {
  const items = token.items.map((item) => h('li', item.task ? { class: 'task' } : {}, ...blocks(item.tokens)));
  return token.ordered
    ? h('ol', { start: token.start === '' ? undefined : token.start }, ...items)
    : h('ul', {}, ...items);
}

function table(token: Tokens.Table): Node {
  const cells = (tag: 'th' | 'td', row: readonly Tokens.TableCell[]) =>
    h('tr', {}, ...row.map((cell) => h(tag, {}, ...inlines(cell.tokens))));
  return h(
    'div',
    { class: 'table', tabindex: 0, role: 'region', 'aria-label': 'Table' },
    h(
      'table',
      {},
      h('thead', {}, cells('th', token.header)),
      h('tbody', {}, ...token.rows.map((row) => cells('td', row))),
    ),
  );
}

function inlines(tokens: readonly Token[]): Node[] {
  return tokens.flatMap((token) => inline(token as MarkedToken));
}

function inline(token: MarkedToken): Node[] {
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return [h(token.type, {}, ...inlines(token.tokens))];
    case 'codespan':
      return [h('code', {}, linkedText(token.text, true))];
    case 'br':
      return [h('br')];
    case 'link':
      return link(token);
    case 'image':
      return [h('span', { class: 'source', title: token.href }, `[image: ${decode(token.text) || token.href}]`)];
    case 'checkbox':
      return [
        h('input', {
          type: 'checkbox',
          disabled: true,
          checked: token.checked,
          'aria-label': token.checked ? 'done' : 'to do',
        }),
        document.createTextNode(' '),
      ];
    case 'escape':
      return [document.createTextNode(token.text)];
    case 'text':
      return token.tokens ? inlines(token.tokens) : [linkedText(decode(token.text))];
    default:
      return [document.createTextNode(token.raw)];
  }
}

function link(token: Tokens.Link): Node[] {
  const inner = inlines(token.tokens);
  if (/^(?:https?:\/\/|mailto:)/i.test(token.href))
    return [h('a', { href: token.href, title: token.href }, ...inner.map(plain))];
  // Agents link files, with or without a line. All other targets, above all commands, are inert.
  const file = linkedText(decodePath(token.href), true);
  return file.firstChild instanceof HTMLAnchorElement &&
    file.childNodes.length === 1 &&
    !/^[a-z][a-z+.-]+:/i.test(token.href)
    ? [...inner.map(plain), document.createTextNode(' ('), file, document.createTextNode(')')]
    : [...inner, h('span', { class: 'source' }, ` (${token.href})`)];
}

/** A link within a link is only text. */
function plain(node: Node): Node {
  return node instanceof HTMLElement && node.querySelector('a') === null && node.tagName !== 'A'
    ? node
    : document.createTextNode(node.textContent ?? '');
}

function decodePath(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}

const NAMED: { readonly [name: string]: string } = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  copy: '©',
  rarr: '→',
};

/** The parser leaves character references to the browser, which never parses this text. */
function decode(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi,
    (all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return NAMED[name] ?? all;
      const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return point > 31 && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000)
        ? String.fromCodePoint(point)
        : all;
    },
  );
}
