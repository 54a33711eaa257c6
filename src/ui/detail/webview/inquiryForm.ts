import { h } from '../../webviewHost/webview/dom.ts';
import type { AnswerGiven, QuestionData } from '../protocol.ts';

type Inquiries = NonNullable<QuestionData['inquiries']>;

/** A form of what an agent leaves to its user: options to pick from, and a line for other words (R17.1). */
export function inquiryForm(
  { id, inquiries, choices }: QuestionData & { readonly inquiries: Inquiries },
  answer: (given: AnswerGiven) => void,
): HTMLElement {
  const fields = inquiries.map((inquiry, at) => field(inquiry, `${id}-${at}`));
  const missing = h('p', { class: 'missing', role: 'alert' });
  const send = (event: Event) => {
    event.preventDefault();
    const replies = fields.map(({ replies }) => replies());
    const empty = replies.findIndex(({ length }) => length === 0);
    missing.textContent = empty < 0 ? '' : 'Pick an option or write something in each part.';
    if (empty < 0) answer({ question: id, choice: 'allow', replies });
    else fields[empty]?.focus();
  };
  return h(
    'form',
    { class: 'question', onsubmit: send },
    ...fields.map(({ element }) => element),
    missing,
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'submit' }, 'Answer'),
      ...choices.map(({ id: choice, word }) =>
        h('button', { type: 'button', onclick: () => answer({ question: id, choice }) }, word),
      ),
    ),
  );
}

function field({ text, options, multiple }: Inquiries[number], name: string) {
  const other = h('input', { type: 'text', id: `${name}-other`, autocomplete: 'off' });
  const boxes = options.map(({ shown, about, reply }, at) => {
    const id = `${name}-${at}`;
    const box = h('input', { type: multiple ? 'checkbox' : 'radio', name, id });
    // One answer replaces the other.
    if (!multiple) box.addEventListener('change', () => (other.value = ''));
    const row = h('div', { class: 'option' }, box, h('label', { for: id }, shown, about && h('span', {}, about)));
    return { box, row, reply };
  });
  other.addEventListener('input', () => {
    if (!multiple && other.value !== '') for (const { box } of boxes) box.checked = false;
  });
  return {
    element: h(
      'fieldset',
      {},
      h('legend', {}, text),
      ...boxes.map(({ row }) => row),
      h('label', { class: 'other', for: other.id }, options.length > 0 ? 'Something else' : 'Your answer', other),
    ),
    focus: () => (boxes[0]?.box ?? other).focus(),
    replies: () => {
      const picked = boxes.filter(({ box }) => box.checked).map(({ reply }) => reply);
      return other.value.trim() === '' ? picked : [...picked, other.value.trim()];
    },
  };
}
