import { h } from '../../webviewHost/webview/dom.ts';
import type { AnswerGiven, QuestionData } from '../protocol.ts';
import { inquiryForm } from './inquiryForm.ts';

/** What the loop asks: all of each request, and the choices below it (R17.1). */
export class QuestionCard {
  readonly element = h('section', { 'aria-labelledby': 'section-question', hidden: true });
  readonly #answer: (given: AnswerGiven) => void;
  #shown = '';

  constructor(answer: (given: AnswerGiven) => void) {
    this.#answer = answer;
  }

  show(questions: readonly QuestionData[]): void {
    const text = JSON.stringify(questions);
    // What has not changed stays, and with it the focus in it.
    if (text === this.#shown) return;
    this.#shown = text;
    this.element.hidden = questions.length === 0;
    this.element.replaceChildren(
      h('div', { class: 'section-head' }, h('h2', { id: 'section-question' }, 'Needs You')),
      ...questions.map((question) => this.#card(question)),
    );
  }

  #card(question: QuestionData): HTMLElement {
    const { id, parts, choices, canRemember, inquiries } = question;
    if (inquiries) return inquiryForm({ ...question, inquiries }, this.#answer);
    const button = (label: string, given: Omit<AnswerGiven, 'question'>) =>
      h('button', { onclick: () => this.#answer({ question: id, ...given }) }, label);
    const texts = parts.flatMap(({ heading, text }) => [
      h('h3', {}, heading),
      h('pre', { tabindex: 0, role: 'region', 'aria-label': heading }, text),
    ]);
    const buttons = [
      ...choices.map(({ id: choice, word }) => button(word, { choice })),
      ...(canRemember
        ? [
            button('Allow for This Loop', { remember: 'loop' }),
            button('Always Allow Like This…', { remember: 'always' }),
          ]
        : []),
    ];
    return h('article', { class: 'question' }, ...texts, h('div', { class: 'actions' }, ...buttons));
  }
}
