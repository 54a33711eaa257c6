import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { REAL_AGENTS } from '../support/agentTrials/agents.ts';
import { LoopsTrial } from '../support/agentTrials/loopsTrial.ts';
import { Programs } from '../support/agentTrials/trialFolder.ts';
import { WorkbenchTrial } from '../support/agentTrials/workbenchTrial.ts';
import { pack } from '../support/host/pack.ts';
import { closeShared } from '../support/host/sharedServers.ts';
import { installed } from '../support/installed.ts';
import { ModelApis } from '../support/modelApis.ts';

/**
 * `npm run agents -- --programs FOLDER [--only claude,pi] [--workbench]`: the programs of agents as npm installs them
 * below `FOLDER`, against models on loopback, run by `loops` as it ships, or from the workbench of a real VS Code.
 * Prints a table of agents and steps: `yes`, or what was seen in its place. A program that is not there is left out.
 */
const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '.' },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    workbench: { type: 'boolean', default: false },
  },
});
const STEPS = ['submit', 'cost', 'allow', 'deny', 'decide', 'stop', 'resume'] as const;

const programs = new Programs(values.programs);
const apis = await ModelApis.start();
const only = values.only?.split(',');
const rows: string[][] = [];
const dist = values.workbench ? '' : join(await installed(), 'dist');
if (values.workbench) await pack();
for (const agent of REAL_AGENTS) {
  if ((only && !only.includes(agent.name)) || programs.of(agent) === undefined) continue;
  const row = values.workbench
    ? await new WorkbenchTrial(agent, apis, programs).run()
    : await new LoopsTrial(agent, apis, programs, dist).run(values.keep);
  rows.push(row);
  process.stdout.write(`${row.join(' | ')}\n`);
}
await closeShared();
apis.stop();
process.stdout.write(`\n| agent | ${STEPS.join(' | ')} |\n|${' --- |'.repeat(STEPS.length + 1)}\n`);
for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
process.exitCode = rows.some((row) => row.slice(1).some((cell) => !/^(yes|-)/.test(cell))) ? 1 : 0;
