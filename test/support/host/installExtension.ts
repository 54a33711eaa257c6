import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { freshFolder } from './paths.ts';
import { provisionServer } from './provisionServer.ts';

/** Installs a VSIX as a user would and answers the folder of extensions that holds it. */
export async function installExtension(vsix: string, extensionsDir = freshFolder('extensions')): Promise<string> {
  const dataDir = freshFolder('install');
  try {
    const { node, main } = await provisionServer();
    const args = [
      main,
      '--install-extension',
      vsix,
      '--force',
      '--extensions-dir',
      extensionsDir,
      '--server-data-dir',
      dataDir,
    ];
    await promisify(execFile)(node, [...args, '--accept-server-license-terms', '--telemetry-level', 'off']);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
  return extensionsDir;
}
