import type { PermissionRequest, PermissionRules } from '../../core/model/question.ts';
import { decidePermission, ruleProblem } from '../../core/policy/permissionRules.ts';
import { oneLine } from '../text/safeText.ts';

const WORDS = { allow: 'Allowed', deny: 'Denied', ask: 'You are asked' } as const;

/** What rules are tried against: a loop's folder, and links resolved as for an agent's request. */
export interface RuleTrial {
  readonly rules: PermissionRules;
  readonly folder: string;
  linkTargets(request: PermissionRequest, folder: string): PermissionRequest['targets'];
}

/** What the rules would do with what somebody types: a command, or a tool with a file such as `Edit(src/a.ts)`. */
export function verdictText(typed: string, { rules, folder, linkTargets }: RuleTrial): string {
  const request = requestOf(typed);
  const targets = linkTargets(request, folder);
  const { action, rule } = decidePermission({ ...request, ...(targets && { targets }) }, rules, folder);
  const link = targets === undefined ? '' : ` ${linkText(targets)}`;
  return rule === undefined
    ? `You are asked: no rule matches.${link}`
    : `${WORDS[action]}: by the rule ${oneLine(rule, 200)} of permissions.${action}.${link}`;
}

/** Whether a rule that somebody writes would allow a request, in a sentence; `works` is false where it would not. */
export function ruleText(
  rule: string,
  request: PermissionRequest,
  rules: PermissionRules,
  folder: string,
): { readonly text: string; readonly works: boolean } {
  const problem = ruleProblem(rule);
  if (problem !== undefined) return { text: `This ${problem}.`, works: false };
  const alone = decidePermission(request, { allow: [rule], ask: [], deny: [] }, folder);
  if (alone.action !== 'allow') return { text: 'This rule would not allow this request.', works: false };
  const { action, rule: first = '' } = decidePermission(request, { ...rules, allow: [rule] }, folder);
  return action === 'allow'
    ? { text: 'This rule would allow this request, and whatever else it matches, in every loop.', works: true }
    : { text: `Another rule takes precedence: ${oneLine(first, 200)} of permissions.${action}.`, works: false };
}

function linkText(targets: readonly string[] | 'unknown'): string {
  if (targets === 'unknown') return 'Where a link in it leads is not known.';
  return `A link leads to ${targets.map((target) => oneLine(target, 200)).join(', ')}.`;
}

function requestOf(typed: string): PermissionRequest {
  const [, name, path] = /^(edit|read|fetch)\(([\s\S]*)\)$/i.exec(typed.trim()) ?? [];
  if (name === undefined || path === undefined)
    return { kind: 'command', tool: 'Command', title: '', command: typed.trim() };
  return { kind: name.toLowerCase() as 'edit' | 'read' | 'fetch', tool: name, title: '', paths: [path] };
}
