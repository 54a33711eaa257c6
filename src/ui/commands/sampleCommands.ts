import * as vscode from 'vscode';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import type { SubmitResult } from '../../core/model/status.ts';
import type { CommandContext, CommandTable } from './commandTable.ts';

/** The bundled agent. */
const SAMPLE = 'sample';

/** Passes once the sample's file says that it is finished. Every system has these programs. */
const FINISHED =
  process.platform === 'win32'
    ? 'type sample-work.md && findstr /b finished sample-work.md'
    : 'cat sample-work.md && grep -x finished sample-work.md';

/**
 * Loops that show every state within half a minute, without an account: work, child processes, failures, restarts and a
 * queue.
 */
const SAMPLES: readonly LoopSpec[] = [
  { title: 'Quick success', prompt: 'Add a greeting to the readme. [cost 0.02]' },
  {
    title: 'Takes its time',
    prompt: 'Look through all the tests and describe each of them. [slow 20] [cost 0.05]',
    estimatedCostUsd: 0.05,
  },
  { title: 'Fails every time', prompt: 'Do the impossible. [fail]' },
  {
    title: 'Starts helpers',
    prompt: 'Build three packages at once. [spawn 3] [slow 12] [cost 0.03]',
    estimatedCostUsd: 0.03,
  },
  { title: 'Waits for a slot', prompt: 'Rename a variable everywhere. [slow 4] [cost 0.01]' },
  {
    title: 'Needs two rounds',
    prompt: 'Write the sample file. [quick] [finish 2] [cost 0.01]',
    check: { command: FINISHED },
  },
  { title: 'Jumps the queue', prompt: 'Fix the build first. [slow 3] [cost 0.01]', priority: 5 },
];

export const sampleCommands: CommandTable = {
  /** Submits the samples and shows the view. Returns their results. */
  runSampleLoops: (ctx) => async () => {
    await vscode.commands.executeCommand('loopSupervisor.loops.focus');
    const results: SubmitResult[] = [];
    ctx.milestones.reach('sampled');
    const place = await scratchPlace(ctx);
    for (const spec of SAMPLES) {
      // Only what has something to prove writes a file: not into the user's folder.
      results.push(await ctx.host.submit({ ...spec, agent: SAMPLE, isolation: 'folder', ...(spec.check && place) }));
    }
    return results;
  },
};

/**
 * Where a sample may write: a repository of our own, so that what it did can be reviewed and merged. Without Git it is
 * only a folder.
 */
async function scratchPlace(ctx: CommandContext): Promise<Pick<LoopSpec, 'cwd' | 'isolation'>> {
  const cwd = await emptyFolder(ctx);
  try {
    await (await (await ctx.host.ready()).workTrees()).makeScratch(cwd);
    return { cwd, isolation: 'worktree' };
  } catch (error) {
    ctx.log.info('The sample that writes works in a plain folder, as Git could not make a repository.', error);
    return { cwd, isolation: 'folder' };
  }
}

/** A folder of our own without what an earlier sample has left. */
async function emptyFolder({ context }: CommandContext): Promise<string> {
  const folder = vscode.Uri.joinPath(context.globalStorageUri, 'samples', String(Date.now()));
  await vscode.workspace.fs.createDirectory(folder);
  return folder.fsPath;
}
