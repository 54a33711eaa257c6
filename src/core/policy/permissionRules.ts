import type { PermissionRequest, PermissionRules } from '../model/question.ts';
import { hasUnseen } from './unseen.ts';

/** What the rules say of a request (R17.2). `rule`: the one that decided; absent where none did. */
export interface PermissionVerdict {
  readonly action: keyof PermissionRules;
  readonly rule?: string;
}

/** `Name` or `Name(pattern)`. */
const RULE = /^\s*([A-Za-z*][\w.:*-]*)\s*(?:\(([\s\S]*)\))?\s*$/;

/** Characters with which one command line runs another, or writes a file: no `*` of an allow rule stands for them. */
const SHELL_SIGNS = ';&|<>$`()\n\r';

/** Where one command line begins another. */
const PARTS = /[;&|\n\r`(){}]+/;

/** Why a text is not a rule, in words that follow its name; undefined if it is one. */
export function ruleProblem(rule: string): string | undefined {
  if (!RULE.test(rule)) return 'is not a rule: write a tool, with a pattern if you like, such as Command(npm test *)';
  return rule.length > 4_096 ? 'is longer than 4,096 characters' : undefined;
}

/**
 * What the rules say of a request: deny before ask before allow, and ask where none matches (R17.2). `folder`: the
 * loop's; patterns for files may be relative to it.
 */
export function decidePermission(
  request: PermissionRequest,
  rules: PermissionRules,
  folder: string,
): PermissionVerdict {
  // No rule can find the words that an inquiry wants.
  const actions = request.kind === 'inquiry' ? (['deny', 'ask'] as const) : (['deny', 'ask', 'allow'] as const);
  for (const action of actions) {
    const rule = rules[action].find((one) => matches(one, request, folder, action === 'allow'));
    if (rule !== undefined) return { action, rule };
  }
  return { action: 'ask' };
}

/** The narrowest rule that allows this request again; undefined where no rule can. */
export function ruleFor(request: PermissionRequest, folder: string): string | undefined {
  const { command, paths = [] } = request;
  // A rule that names a link would hold for whatever it leads to next.
  if (request.kind === 'inquiry' || request.targets !== undefined) return undefined;
  const names = { command: 'Command', edit: 'Edit', read: 'Read', fetch: 'Fetch', other: request.tool };
  const name = names[request.kind];
  if (request.kind === 'other' || request.kind === 'fetch')
    return RULE.test(request.tool) && !request.tool.includes('*') ? request.tool : undefined;
  const [subject] = request.kind === 'command' ? [command] : paths.length === 1 ? paths : [];
  if (subject === undefined || hasUnseen(subject)) return undefined;
  const text = request.kind === 'command' ? subject : relativePath(subject, folder);
  const rule = `${name}(${text.replace(/[\\*]/g, '\\$&')})`;
  return ruleProblem(rule) === undefined ? rule : undefined;
}

function matches(rule: string, request: PermissionRequest, folder: string, isAllow: boolean): boolean {
  const [all, name = '', pattern] = RULE.exec(rule) ?? [];
  if (all === undefined || !namesTool(name, request)) return false;
  const subjects = subjectsOf(request, folder);
  // What nobody can see nobody has meant.
  if (isAllow && [...subjects, request.tool].some((subject) => hasUnseen(subject))) return false;
  if (pattern === undefined) return true;
  if (subjects.length === 0 || (isAllow && request.targets === 'unknown')) return false;
  if (isAllow) {
    const regex = patternOf(pattern, request.kind === 'command' ? `[^${escaped(SHELL_SIGNS)}]*` : '[\\s\\S]*', folder);
    return subjects.every((subject) => regex.test(subject));
  }
  const regex = patternOf(pattern, '[\\s\\S]*', folder);
  const parts =
    request.kind === 'command' ? subjects.flatMap((subject) => [subject, ...subject.split(PARTS)]) : subjects;
  return parts.some((part) => regex.test(part.trim()));
}

function namesTool(name: string, { kind, tool }: PermissionRequest): boolean {
  if (name === '*') return true;
  const word = name.toLowerCase();
  const isShell = word === 'bash' || word === 'shell';
  return word === kind || word === tool.toLowerCase() || (isShell && kind === 'command');
}

/** What patterns are matched against: what is done and where, never what the agent calls it. */
function subjectsOf({ kind, command, paths = [], targets }: PermissionRequest, folder: string): readonly string[] {
  if (kind === 'command') return command === undefined ? [] : [command];
  if (kind === 'fetch') return paths;
  const links = targets === 'unknown' ? [] : (targets ?? []);
  return [...paths, ...links].map((path) => relativePath(path, folder));
}

/** A trailing ` *` also matches no argument at all. `\*` is a star. */
function patternOf(pattern: string, star: string, folder: string): RegExp {
  const isRelative = folder !== '' && pattern.startsWith('./');
  const text = isRelative ? pattern.slice(2) : pattern;
  const optional = / \*$/.test(text);
  const body = (optional ? text.slice(0, -2) : text).replace(/\\[\\*]|[\s\S]/g, (sign) =>
    sign === '*' ? star : escaped(sign.length === 2 ? sign.slice(1) : sign),
  );
  return new RegExp(`^${body}${optional ? `(?: ${star})?` : ''}$`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** A path without `.` and `..`, relative to the folder where it is within. */
function relativePath(path: string, folder: string): string {
  const base = folder.replaceAll('\\', '/').replace(/\/+$/, '');
  const text = path.replaceAll('\\', '/');
  const whole = text.startsWith('/') || /^[A-Za-z]:\//.test(text) ? text : `${base}/${text}`;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && (part !== '' || parts.length === 0)) parts.push(part);
  }
  const clean = parts.join('/');
  return clean.startsWith(`${base}/`) ? clean.slice(base.length + 1) : clean;
}
