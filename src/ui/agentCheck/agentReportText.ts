import type { ContainmentReport } from '../../core/model/containment.ts';
import { containmentLines } from '../text/containmentWords.ts';
import { count } from '../text/format.ts';
import { escapeMarkdown, inlineCode, oneLine } from '../text/safeText.ts';
import type { AgentReport } from './agentChecks.ts';

/** The check of all agents as a Markdown document: which can be used, which cannot, and how to fix that. */
export function agentReportText(
  reports: readonly AgentReport[],
  defaultAgent: string,
  at: Date,
  settingsProblems: readonly string[] = [],
  containment?: ContainmentReport,
): string {
  const usable = reports.filter(isUsable);
  const broken = reports.filter((report) => report.path !== undefined && !isUsable(report));
  const missing = reports.filter((report) => report.path === undefined);
  return [
    '# Agents of Loop Supervisor',
    `Checked at ${at.toLocaleString()}. ${count(usable.length, 'agent')} can be used, ` +
      `${broken.length === 0 ? '' : `${broken.length} ${broken.length === 1 ? 'needs' : 'need'} attention, `}` +
      `${missing.length} not found.`,
    `Prompts go to ${inlineCode(defaultAgent)} unless you name another agent. ` +
      'Change it with the command *Choose Agent*.',
    summary([...broken, ...usable, ...missing]),
    ...(settingsProblems.length === 0
      ? []
      : ['## Settings that need attention', settingsProblems.map((problem) => `- ${sentence(problem)}`).join('\n')]),
    ...group('Found, but needs attention', broken),
    ...group('Ready to use', usable),
    ...group('Not found', missing),
    ...(containment ? ['## Containment', containmentLines(containment).join('\n')] : []),
    'After a change, run *Check Agents* again. Programs are looked for on the PATH of a terminal; ' +
      'after an installation you may need a new window. Agents of your own go into the setting ' +
      '`loopSupervisor.agents`.',
    '',
  ].join('\n\n');
}

/** All agents at a glance. */
function summary(reports: readonly AgentReport[]): string {
  const rows = reports.map(({ name, version, path, problems }) => {
    const state = path === undefined ? 'not found' : problems.map(({ short }) => short).join(', ') || 'ready';
    return `| ${escapeMarkdown(name)} | ${escapeMarkdown(version ?? '')} | ${state} |`;
  });
  return ['| agent | version | state |', '| --- | --- | --- |', ...rows].join('\n');
}

function isUsable({ path, problems }: AgentReport): boolean {
  return path !== undefined && problems.length === 0;
}

function group(title: string, reports: readonly AgentReport[]): string[] {
  return reports.length === 0 ? [] : [`## ${title}`, ...reports.map(section)];
}

function section(report: AgentReport): string {
  const {
    name,
    title,
    path,
    command,
    bundled,
    version,
    loggedIn,
    apiKey,
    problems,
    modes,
    cannot = [],
    notes,
    install,
    login,
  } = report;
  const lost = path === undefined;
  const where = bundled
    ? 'Comes with the extension.'
    : lost
      ? `${inlineCode(command, 120)} is not on PATH.`
      : `Found at ${inlineCode(path, 300)}.`;
  const lines = [
    `- ${where}`,
    version === undefined ? '' : `- Version ${inlineCode(version, 60)}.`,
    ...problems.map((problem) => `- **Problem:** ${sentence(problem.sentence)}`),
    lost && install !== undefined ? `- Install: ${inlineCode(install, 200)}` : '',
    lost && login !== undefined ? `- Log in: ${sentence(login)}.` : '',
    loggedIn === true ? '- Logged in.' : '',
    apiKey === undefined ? '' : `- An API key is set (${inlineCode(apiKey, 60)}); it was not tried.`,
    isUsable(report) && loggedIn === undefined && apiKey === undefined && login !== undefined
      ? `- Login status can’t be checked. To log in: ${sentence(login)}.`
      : '',
    ...cannot.map((limit) => `- ${sentence(limit)}`),
    ...(lost ? [] : [...notes.map((note) => `- ${sentence(note)}`), ...modeLines(modes)]),
  ];
  const named = title === name || bundled ? sentence(name) : `${sentence(name)} (${sentence(title)})`;
  return [`### ${named}`, lines.filter((line) => line !== '').join('\n')].join('\n\n');
}

/** What the agent may do without asking, and the alternatives. */
function modeLines(modes: AgentReport['modes']): string[] {
  if (!modes) return [];
  const values = modes.values.map(
    ({ value, meaning }) =>
      `  - ${inlineCode(value, 40)}${value === modes.value ? ' (chosen)' : ''}: ${sentence(meaning)}`,
  );
  return [
    `- What it may do without asking: ${inlineCode(modes.option, 40)} in ${inlineCode('loopSupervisor.agents')}.`,
    ...values,
  ];
}

/** A sentence that reads well as plain text and renders no links, images or elements. */
function sentence(text: string): string {
  return oneLine(text, 600).replace(/[[\]<>\\]/g, '\\$&');
}
