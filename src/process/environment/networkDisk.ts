import { readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { lookAt } from '../../core/model/looks.ts';
import { runCommandNow } from '../tables/runCommand.ts';

/** File systems whose locks and memory maps do not reach over all machines that use them. */
const NETWORK: ReadonlySet<string> = new Set([
  ...['nfs', 'nfs3', 'nfs4', 'cifs', 'smb2', 'smb3', 'smbfs', 'afpfs', 'webdav', 'davfs', 'davfs2', 'afs', 'coda'],
  ...['ceph', 'lustre', 'gpfs', 'beegfs', 'pvfs2', 'ocfs2', 'gfs2', '9p', 'vboxsf', 'prl_fs'],
  ...['fuse.sshfs', 'fuse.glusterfs', 'fuse.ceph', 'fuse.rclone', 'fuse.s3fs', 'fuse.davfs', 'fuse.davfs2'],
  ...['fuse.vmhgfs-fuse', 'fuse.osxfs', 'fuse.grpcfuse'],
]);

/** Where a file system is mounted, and its kind. */
interface Mount {
  readonly at: string;
  readonly kind: string;
}

/** Whether a folder lies on a disk of another machine, or will once it is made. False if that cannot be determined. */
export function isOnNetworkDisk(folder: string): boolean {
  const path = existing(folder);
  if (process.platform === 'win32') return /^\\\\(?![.?]\\)/.test(path);
  const mounts = process.platform === 'linux' ? linuxMounts() : parseMounts(runCommandNow('mount', []).output);
  return kindAt(path, mounts) === 'network';
}

/** Folders for a store where the user's own are on a network disk, best first. */
export function localFolders(environment: NodeJS.ProcessEnv = process.env): string[] {
  const name = 'loop-supervisor';
  if (process.platform === 'win32') return environment['LOCALAPPDATA'] ? [join(environment['LOCALAPPDATA'], name)] : [];
  const shared = process.platform === 'darwin' ? '/private/var/tmp' : '/var/tmp';
  const state = environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return [join(state, name), join(shared, `${name}-${process.getuid?.()}`)];
}

/** The kind of disk at a path: the mount that lies deepest on its way counts, and of several there the last. */
export function kindAt(path: string, mounts: readonly Mount[]): 'network' | 'local' {
  let deepest: Mount | undefined;
  for (const mount of mounts) {
    const isOnTheWay = path === mount.at || path.startsWith(mount.at === '/' ? '/' : `${mount.at}/`);
    if (isOnTheWay && mount.at.length >= (deepest?.at.length ?? 0)) deepest = mount;
  }
  return deepest && NETWORK.has(deepest.kind) ? 'network' : 'local';
}

/** Reads `/proc/self/mountinfo`, where spaces in paths are written as `\040`. */
export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const at = before?.split(' ')[4];
    const kind = after?.split(' ')[0];
    if (at === undefined || kind === undefined) return [];
    return { at: at.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))), kind };
  });
}

/** Reads what `mount` prints on macOS: `server:/volume on /Users/me (nfs, nodev)`. */
export function parseMounts(text: string): Mount[] {
  return [...text.matchAll(/^.* on (\/.*) \((\w+)[,)]/gm)].map(([, at = '', kind = '']) => ({ at, kind }));
}

function linuxMounts(): Mount[] {
  const look = lookAt(() => readFileSync('/proc/self/mountinfo', 'utf8'));
  return look.state === 'there' ? parseMountInfo(look.value) : [];
}

function existing(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    const look = lookAt(() => realpathSync(at));
    if (look.state === 'there') return look.value;
    if (dirname(at) === at) return folder;
  }
}
