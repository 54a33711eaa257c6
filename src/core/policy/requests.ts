import type { PermissionRequest } from '../model/question.ts';

/** A longer command (characters) cannot be shown whole, and is denied unseen. */
export const LONGEST_COMMAND = 16_384;

/** How much of any other text of a request is kept (characters). */
const LONGEST_TEXT = 65_536;
/** How many files are kept. */
const MOST_PATHS = 200;

/** How much of a request a line of history or an event names (characters). */
const LINE = 200;

/** Whether two requests are known to ask for exactly the same: never where some of one was cut off. */
export function isSameRequest(one: PermissionRequest, other: PermissionRequest): boolean {
  const { diff = '', details = '', paths = [] } = one;
  if (Math.max(diff.length, details.length) > LONGEST_TEXT || paths.length > MOST_PATHS) return false;
  const text = ({ kind, tool, command, paths, targets, diff, details }: PermissionRequest) =>
    JSON.stringify([kind, tool, command, paths, targets, diff, details]);
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

const VERBS = { command: 'run', edit: 'edit', read: 'read', fetch: 'fetch', other: 'use' } as const;

/** What is asked, in one line without control characters: `run npm install?`. Where it is cut, it ends with `…`. */
export function requestLine({ kind, tool, title, command, paths }: PermissionRequest): string {
  const what = command ?? (paths && paths.length > 0 ? paths.join(', ') : kind === 'other' ? tool : title);
  const line = what.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return `${VERBS[kind]} ${line.length > LINE ? `${line.slice(0, LINE - 1)}…` : line}?`;
}
