import type { ChoiceKind, Inquiry, PermissionRequest, Question } from '../../core/model/question.ts';
import { oneLine } from '../text/safeText.ts';
import { visibleCode, visibleLine, visibleText } from './visibleText.ts';

// A request is foreign text for the user to judge: all of it is shown, none of it has any effect, and none of it can
// pass for our own words.

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
  const code = (text = '') => visibleCode(text);
  const list = (names: readonly string[] = []) => names.map((name) => visibleLine(visibleCode(name))).join('\n');
  const parts: [string, string][] = [
    [HEADINGS[kind], command === undefined ? list(paths) : code(command)],
    ['Files', command === undefined ? '' : list(paths)],
    targets === 'unknown'
      ? ['Where links in these paths lead is not known', list(paths)]
      : ['Links lead to', list(targets)],
    ['Change', code(diff)],
    ['Tool', code(tool)],
    ['The agent calls it', code(title)],
    ['Details', code(details)],
  ];
  const shown = parts.flatMap(([heading, text]) => (text === '' ? [] : [{ heading, text }]));
  const [first] = shown;
  // Without any details, its name must do.
  return first?.heading === HEADINGS[kind] ? shown : [{ heading: HEADINGS[kind], text: code(tool) }, ...shown];
}

function inquiryHeading(at: number, { length }: readonly Inquiry[]): string {
  return length > 1 ? `${HEADINGS.inquiry} ${at + 1} of ${length}` : HEADINGS.inquiry;
}

function inquiryText({ text, options }: Inquiry): string {
  const line = (said: string) => visibleLine(visibleText(said));
  const lines = options.map(({ label, about }) => `- ${line(label)}${about === undefined ? '' : `: ${line(about)}`}`);
  return [visibleText(text), ...lines].join('\n');
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
    label: `“${withoutIcons(oneLine(visibleLine(visibleText(label)), 100))}”`,
    ...(about !== undefined && { detail: withoutIcons(oneLine(visibleLine(visibleText(about)), 300)) }),
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
