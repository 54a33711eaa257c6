import type { ChoiceKind, Inquiry, PermissionRequest, Question } from '../../core/model/question.ts';
import { oneLine } from '../text/safeText.ts';

// A request is foreign text for the user to judge: all of it is shown, none of it has any effect, and none of it can
// pass for our own words.

/** Characters that cannot be seen or that reorder others, line ends and tabs aside. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u00a0\u115f\u1160\u2000-\u200a\u2800\u3000\u3164\uffa0]/gu;

/** Foreign text with each character that cannot be seen as its code, and long gaps as their length. */
export function visibleText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(UNSEEN, (sign) => `‹U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}›`)
    .replace(/[ \t]{9,}/g, (gap) => ` ‹${gap.length} blanks› `)
    .replace(/\n(?:[ \t]*\n){3,}/g, (gap) => `\n‹${gap.split('\n').length - 1} line breaks›\n`);
}

/** Whether a text fits on one short line with nothing hidden. */
export function isPlain(text: string): boolean {
  return text.length <= 120 && !text.includes('\n') && visibleText(text) === text;
}

/** One part of a request: our heading, and the agent's text below it. */
export interface RequestPart {
  readonly heading: string;
  readonly text: string;
}

const HEADINGS = {
  command: 'Run a command',
  edit: 'Change files',
  read: 'Read files',
  fetch: 'Fetch from the network',
  other: 'Use a tool',
  inquiry: 'Your decision',
} as const;

/** All parts of a request, the most important first, with every character visible. */
export function requestParts(request: PermissionRequest): RequestPart[] {
  const { kind, tool, title, command, paths, targets, diff, details, inquiries = [] } = request;
  if (kind === 'inquiry')
    return inquiries.map((one, at) => ({ heading: inquiryHeading(at, inquiries), text: inquiryText(one) }));
  const parts: [string, string | undefined][] = [
    [HEADINGS[kind], command ?? paths?.join('\n')],
    ['Files', command === undefined ? undefined : paths?.join('\n')],
    targets === 'unknown'
      ? ['Where links lead these cannot be seen', paths?.join('\n')]
      : ['Links lead to', targets?.join('\n')],
    ['Change', diff],
    ['Tool', tool],
    ['The agent calls it', title],
    ['Details', details],
  ];
  const shown = parts.flatMap(([heading, text]) =>
    text === undefined || text === '' ? [] : [{ heading, text: visibleText(text) }],
  );
  const [first] = shown;
  // Without any details, its name must do.
  return first?.heading === HEADINGS[kind] ? shown : [{ heading: HEADINGS[kind], text: visibleText(tool) }, ...shown];
}

function inquiryHeading(at: number, { length }: readonly Inquiry[]): string {
  return length > 1 ? `${HEADINGS.inquiry} ${at + 1} of ${length}` : HEADINGS.inquiry;
}

function inquiryText({ text, options }: Inquiry): string {
  const lines = options.map(({ label, about }) => `- ${label}${about === undefined ? '' : `: ${about}`}`);
  return visibleText([text, ...lines].join('\n'));
}

/** An inquiry as one line of a list, of which VS Code makes no icons. */
export function inquiryLine({ text }: Inquiry): string {
  return withoutIcons(oneLine(visibleText(text), 300));
}

/** The options of an inquiry as rows of a list: in quotes, so that none reads as ours. `reply`: the option itself. */
export function optionRows({
  options,
}: Inquiry): { readonly label: string; readonly detail?: string; readonly reply: string }[] {
  return options.map(({ label, about }) => ({
    label: `“${withoutIcons(oneLine(visibleText(label), 100))}”`,
    ...(about !== undefined && { detail: withoutIcons(oneLine(visibleText(about), 300)) }),
    reply: label,
  }));
}

/** VS Code makes an icon of `$(name)`. */
function withoutIcons(text: string): string {
  return text.replaceAll('$(', '$ (');
}

/**
 * A request as plain text whose lines are marked as the agent's, so that none reads as ours. `isWhole`: nothing of it
 * is left out; `max`: so many characters are shown.
 */
export function requestText(
  request: PermissionRequest,
  max: number,
): { readonly text: string; readonly isWhole: boolean } {
  const lines = requestParts(request).flatMap(({ heading, text }) => [
    `${heading}:`,
    ...text.split('\n').map((line) => `│ ${line}`),
  ]);
  const text = lines.join('\n');
  return { text: text.length > max ? `${text.slice(0, max)} …` : text, isWhole: text.length <= max };
}

/** Our names for choices: by what they do, never by what the agent calls them. */
export const CHOICE_WORDS: { readonly [kind in ChoiceKind]: string } = {
  allowOnce: 'Allow Once',
  allowAlways: 'Let the Agent Remember',
  denyOnce: 'Deny',
  denyAlways: 'Deny and Let the Agent Remember',
};

/** The name of the choice that leaves inquiries to the agent. */
export const LET_DECIDE = 'Let the Agent Decide';

/**
 * The choices of a question under our own names: one of each kind, and always a way to deny. Inquiries are answered, or
 * left to the agent.
 */
export function choicesOf({
  choices,
  request,
}: Pick<Question, 'choices'> & {
  readonly request?: PermissionRequest;
}): readonly { readonly id: string; readonly word: string }[] {
  if (request?.kind === 'inquiry') return [{ id: 'deny', word: LET_DECIDE }];
  const kinds = ['allowOnce', 'allowAlways', 'denyOnce', 'denyAlways'] as const;
  const found = kinds.flatMap((kind) => {
    const choice = choices.find((one) => one.kind === kind);
    return choice ? [{ id: choice.id, word: CHOICE_WORDS[kind] }] : [];
  });
  return choices.some(({ kind }) => kind === 'denyOnce')
    ? found
    : [...found, { id: 'deny', word: CHOICE_WORDS.denyOnce }];
}
