import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { there } from '../../src/core/model/looks.ts';
import type { WorkTrees } from '../../src/core/ports/workTrees.ts';
import { createWorkTrees } from '../../src/git/workTrees.ts';
import { createWorkers, type Workers } from '../../src/process/tables/workers.ts';

/** A repository on the disk, with our work trees beside it; all of it is removed by `dispose`. */
export class GitBench {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), 'loop-git-')));
  readonly root: string;
  readonly storage = join(this.home, 'storage');
  readonly env: Record<string, string>;
  readonly trees: WorkTrees;

  constructor(name = 'repo') {
    this.root = join(this.home, name);
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.home,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
    };
    this.trees = createWorkTrees({
      processes: createWorkers(),
      storage: this.storage,
      environment: async () => this.env,
    });
    mkdirSync(this.root, { recursive: true });
    this.git('init', '--quiet', '--initial-branch=main');
  }

  /** Git in the repository, or with a folder as the first argument `-C`. */
  git(...args: string[]): string {
    return execFileSync('git', args, {
      cwd: this.root,
      env: this.env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  /** Git with an input. */
  make(args: readonly string[], input: string, cwd = this.root): string {
    return execFileSync('git', args, { cwd, env: this.env, input, encoding: 'utf8' }).trim();
  }

  write(files: Readonly<Record<string, string>>, folder = this.root): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }

  commit(files: Readonly<Record<string, string>>, message = 'Change'): string {
    this.write(files);
    this.git('add', '--all');
    this.git('commit', '--quiet', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  request(loopId = 'loop-1', more: { title?: string; cwd?: string; carry?: string } = {}) {
    const base = this.git('rev-parse', 'HEAD');
    const path = join(this.storage, 'worktrees', loopId);
    return {
      loopId,
      title: more.title ?? 'Fix the build',
      cwd: more.cwd ?? this.root,
      base,
      path,
      ...(more.carry && { carry: more.carry }),
    };
  }

  dispose(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** As `createWorkers`, for a host in this process that counts as gone. */
export function deadWorkers(): Workers {
  const workers = createWorkers();
  const find = async (pid: number) => {
    const look = await workers.find(pid);
    return look.state === 'there' && pid === process.pid ? there({ ...look.value, startTime: 'before' }) : look;
  };
  return { ...workers, find };
}

/** Every file of a folder with its content, to compare byte for byte. */
export function filesOf(folder: string, skip: (path: string) => boolean = () => false): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, name);
    if (!skip(name) && statSync(path, { throwIfNoEntry: false })?.isFile())
      found[name] = readFileSync(path).toString('base64');
  }
  return found;
}
