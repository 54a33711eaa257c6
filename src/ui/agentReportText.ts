import type { AgentReport } from './agentChecks.ts';
import { count } from './format.ts';
import { inlineCode, oneLine } from './safeText.ts';

/** What the check of the agents has shown, as a Markdown document: what can be used, what can not, and the words to put it right. */
export function agentReportText(reports: readonly AgentReport[], defaultAgent: string, at: Date): string {
  const usable = reports.filter(isUsable);
  const broken = reports.filter((report) => report.path !== undefined && !isUsable(report));
  const missing = reports.filter((report) => report.path === undefined);
  return [
    '# Agents of Loop Supervisor',
    `Checked at ${at.toLocaleString()}. ${count(usable.length, 'agent')} can be used${broken.length > 0 ? `, ${broken.length} need attention` : ''}, ${missing.length} not found.`,
    `Prompts go to ${inlineCode(defaultAgent)} unless something else is said. Change it with the command *Choose Agent*.`,
    ...group('Ready to use', usable),
    ...group('Found, but not in order', broken),
    ...group('Not found', missing),
    'After a change, run *Check Agents* again. Programs are looked for on the PATH that a terminal has; after an installation a new window may be needed. Agents of your own go into the setting `loopSupervisor.agents`.',
    '',
  ].join('\n\n');
}

function isUsable({ path, problems }: AgentReport): boolean {
  return path !== undefined && problems.length === 0;
}

function group(title: string, reports: readonly AgentReport[]): string[] {
  return reports.length === 0 ? [] : [`## ${title}`, ...reports.map(section)];
}

function section(report: AgentReport): string {
  const where = report.bundled
    ? 'comes with the extension; it only pretends, costs nothing and needs no account'
    : report.path
      ? `found at ${inlineCode(report.path, 300)}`
      : `${inlineCode(report.command, 120)} is not on PATH`;
  const lines = [
    `- ${where}`,
    report.version === undefined ? '' : `- version ${inlineCode(report.version, 60)}`,
    ...report.problems.map((problem) => `- **To put right:** ${sentence(problem)}`),
    report.path === undefined && report.install ? `- Install: ${inlineCode(report.install, 200)}` : '',
    report.path === undefined || report.problems.length > 0 ? (report.login ? `- Log in: ${inlineCode(report.login, 200)}` : '') : '',
    ...report.notes.map((note) => `- ${sentence(note)}`),
  ];
  return [`### ${sentence(report.name)}`, lines.filter((line) => line !== '').join('\n')].join('\n\n');
}

/** A sentence that reads well as it is and makes no link, image or element when it is rendered. */
function sentence(text: string): string {
  return oneLine(text, 600).replace(/[[\]<>\\]/g, '\\$&');
}
