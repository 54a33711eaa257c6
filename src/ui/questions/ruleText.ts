import type { PermissionRequest, PermissionRules } from '../../core/model/question.ts';
import { decidePermission, ruleProblem } from '../../core/policy/permissionRules.ts';
import { oneLine } from '../text/safeText.ts';

const WORDS = { allow: 'Allowed', deny: 'Denied', ask: 'You are asked' } as const;

/** What the rules would do with what somebody types: a command, or a tool with a file such as `Edit(src/a.ts)`. */
export function verdictText(typed: string, rules: PermissionRules, folder: string): string {
  const { action, rule } = decidePermission(requestOf(typed), rules, folder);
  return rule === undefined
    ? 'You are asked: no rule matches.'
    : `${WORDS[action]}: by the rule ${oneLine(rule, 200)} of permissions.${action}.`;
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
    : { text: `Another rule goes before it: ${oneLine(first, 200)} of permissions.${action}.`, works: false };
}

function requestOf(typed: string): PermissionRequest {
  const [, name, path] = /^(edit|read|fetch)\(([\s\S]*)\)$/i.exec(typed.trim()) ?? [];
  if (name === undefined || path === undefined)
    return { kind: 'command', tool: 'Command', title: '', command: typed.trim() };
  return { kind: name.toLowerCase() as 'edit' | 'read' | 'fetch', tool: name, title: '', paths: [path] };
}
