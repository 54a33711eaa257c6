import { mkdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { LaunchRequest } from '../../core/ports/launcher.ts';
import { platformCommand } from '../../windows/windowsCommand.ts';
import type { Environment } from '../environment/carriedEnvironment.ts';
import { FILE_MODE, FOLDER_MODE, writeJson } from '../runFolder/atomicFile.ts';
import { FORMAT, type RunRequest } from '../runFolder/records.ts';
import type { RunFiles } from '../runFolder/runFiles.ts';

/** Prompts up to this size (bytes) are written at once; it takes less time than to wait for another thread. */
const SMALL_BYTES = 64 * 1024;
const PROMPT_FILE = `\${promptFile}`;
const REPORT_FILE = `\${reportFile}`;
const ASKS_FOLDER = `\${asksFolder}`;

/** Makes the run folder with all that its guardian needs, for the owner alone. The environment is not part of it. */
export async function prepareRun(
  files: RunFiles,
  request: LaunchRequest,
  environment: Environment,
  {
    windowsFolder,
    beatMs,
    containment,
    leaseFile,
  }: Pick<RunRequest, 'windowsFolder' | 'beatMs' | 'containment'> & {
    readonly leaseFile?: string;
  },
): Promise<void> {
  const { plan } = request;
  mkdirSync(files.orders, { recursive: true, mode: FOLDER_MODE });
  // They are read, though the guardian may come later.
  for (const path of [files.stdout, files.stderr, files.box]) writeFileSync(path, '', { mode: FILE_MODE, flag: 'a' });
  if (plan.stdin !== undefined) await writePrompt(files.prompt, plan.stdin);
  if (plan.promptFile !== undefined) await writePrompt(files.promptFile, plan.promptFile);
  const args = plan.args.map((arg) =>
    arg
      .replaceAll(PROMPT_FILE, () => files.promptFile)
      .replaceAll(REPORT_FILE, () => files.report)
      .replaceAll(ASKS_FOLDER, () => files.asks),
  );
  const record: RunRequest = {
    format: FORMAT,
    loopId: request.loopId,
    token: request.token,
    ...platformCommand(plan.command, args, environment),
    cwd: request.cwd,
    hasInput: plan.stdin !== undefined,
    stopSteps: plan.stopSteps,
    limits: request.limits,
    windowsFolder,
    ...(beatMs !== undefined && { beatMs }),
    ...(containment !== undefined && { containment }),
    ...(leaseFile !== undefined && request.epoch !== undefined && { lease: { file: leaseFile, epoch: request.epoch } }),
  };
  writeJson(files.request, record);
}

async function writePrompt(path: string, text: string): Promise<void> {
  if (text.length <= SMALL_BYTES) writeFileSync(path, text, { mode: FILE_MODE });
  else await writeFile(path, text, { mode: FILE_MODE });
}
