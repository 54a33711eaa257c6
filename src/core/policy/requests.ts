import { InvalidArgumentError } from '../model/errors.ts';
import type { PermissionRequest, Replies } from '../model/question.ts';
import { UNSEEN, withoutMarkFloods } from './unseen.ts';

/** A longer command (characters) cannot be shown whole, and is denied unseen. */
export const LONGEST_COMMAND = 16_384;

/** How much of any other text of a request is kept (characters). */
const LONGEST_TEXT = 65_536;
/** How many files are kept. */
const MOST_PATHS = 200;

/** How much can be said to one inquiry (characters). */
const LONGEST_REPLY = 10_000;

/** How much of a request a line of history or an event names (characters). */
const LINE = 200;

/** Whether two requests are known to ask for exactly the same: never where some of one was cut off. */
export function isSameRequest(one: PermissionRequest, other: PermissionRequest): boolean {
  const { diff = '', details = '', paths = [] } = one;
  if (Math.max(diff.length, details.length) > LONGEST_TEXT || paths.length > MOST_PATHS) return false;
  const text = ({ kind, tool, command, paths, targets, diff, details, inquiries }: PermissionRequest) =>
    JSON.stringify([kind, tool, command, paths, targets, diff, details, inquiries]);
  return text(one) === text(other);
}

/** The request within bounds. What is cut says so, and a command that is cut stays longer than any that is allowed. */
export function bounded(request: PermissionRequest): PermissionRequest {
  const { title, tool, command, paths, diff, details } = request;
  const cut = (text: string, most = LONGEST_TEXT) =>
    text.length <= most ? text : `${text.slice(0, most)}\n[${text.length - most} characters more]`;
  return {
    ...request,
    title: cut(title, 400),
    tool: cut(tool, 100),
    ...(command !== undefined && { command: cut(command, LONGEST_COMMAND) }),
    ...(paths && {
      paths:
        paths.length > MOST_PATHS
          ? [...paths.slice(0, MOST_PATHS), `[${paths.length - MOST_PATHS} files more]`]
          : paths,
    }),
    ...(diff !== undefined && { diff: cut(diff) }),
    ...(details !== undefined && { details: cut(details) }),
  };
}

/**
 * What a caller says to the inquiries of a request, without blanks around it; undefined where it makes none (R17.1).
 *
 * @throws InvalidArgumentError if there is not a reply to each of them, of whatever shape the caller's value is.
 */
export function repliesTo({ inquiries = [] }: PermissionRequest, given: unknown): Replies | undefined {
  if (inquiries.length === 0) return undefined;
  const lists: readonly unknown[] = Array.isArray(given) ? given : [];
  const replies = lists.map((list) =>
    (Array.isArray(list) ? list : []).flatMap((one) => (typeof one === 'string' && one.trim() ? [one.trim()] : [])),
  );
  if (replies.length !== inquiries.length || replies.some(({ length }) => length === 0))
    throw new InvalidArgumentError(
      'replies',
      `must hold a list of texts for each inquiry, of which there are ${inquiries.length}`,
    );
  if (replies.some(({ length }, at) => length > 1 && !inquiries[at]?.multiple))
    throw new InvalidArgumentError('replies', 'must hold one text for an inquiry that takes only one');
  if (replies.some((list) => list.join('').length > LONGEST_REPLY))
    throw new InvalidArgumentError('replies', `must be no longer than ${LONGEST_REPLY} characters each`);
  return replies;
}

const VERBS = { command: 'run ', edit: 'edit ', read: 'read ', fetch: 'fetch ', other: 'use ', inquiry: '' } as const;

/** What is asked, in one line without control characters: `run npm install?`. Where it is cut, it ends with `…`. */
export function requestLine({ kind, tool, title, command, paths, inquiries }: PermissionRequest): string {
  const named = paths && paths.length > 0 ? paths.join(', ') : kind === 'other' ? tool : title;
  const line = plainLine(command ?? inquiries?.map(({ text }) => text).join(' ') ?? named);
  return `${VERBS[kind]}${line}${kind === 'inquiry' ? '' : '?'}`;
}

/** What was said to the inquiries of a request, in one line without control characters. */
export function replyLine(replies: Replies): string {
  return plainLine(replies.map((list) => list.join(', ')).join('; '));
}

/** An agent's text as one line in which every sign can be seen; `…` marks a cut. */
export function plainLine(text: string): string {
  const gaps = new RegExp(`(?:${UNSEEN}|\\s)+`, 'gu');
  const line = withoutMarkFloods(text.replace(gaps, ' ').trim(), () => '');
  return line.length > LINE ? `${line.slice(0, LINE - 1)}…` : line;
}
