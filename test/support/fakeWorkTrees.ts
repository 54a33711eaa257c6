import type { PushedBranch } from '../../src/core/model/workTree.ts';
import type {
  BringHomeResult,
  BringHomeWay,
  FileChange,
  MergePreview,
  PackedWork,
  PublishedCommit,
  PushPlan,
  PushResult,
  RepositoryLook,
  Snapshot,
  StoredWorkTree,
  UnsavedWork,
  WorkTree,
  WorkTreeRequest,
  WorkTrees,
} from '../../src/core/ports/workTrees.ts';

const NOTHING_UNSAVED: UnsavedWork = { uncommitted: [], ignored: [], commits: 0 };

/** Git as a test plays it: one repository at `/project`, whose answers and faults the test sets. */
export class FakeWorkTrees implements WorkTrees {
  /** What a look finds; the repository at `/project` unless the test says otherwise. */
  found: RepositoryLook = {
    kind: 'repository',
    repository: { root: '/project', commonFolder: '/project/.git', head: 'head', branch: 'main', prefix: '' },
  };
  /** What is to happen before a work tree is there; a rejection is a fault. */
  onCreate: (request: WorkTreeRequest) => Promise<void> = async () => undefined;
  /** Where in it a loop works, such as `/pkg`. */
  within = '';
  /** What is to happen before one is removed; a rejection is a fault. */
  onRemove: (path: string) => Promise<void> = async () => undefined;
  /** The tree that a snapshot finds; a rejection is a fault. */
  onSnapshot: (name: string) => Promise<string> = async (name) => `tree of ${name}`;
  /** What differs between any two snapshots. */
  differs: FileChange[] = [{ path: 'a.txt', kind: 'modified', insertions: 12, deletions: 3 }];
  meets: MergePreview = { kind: 'clean' };
  result: BringHomeResult = { kind: 'done', commit: 'merged' };
  unsavedWork: UnsavedWork = NOTHING_UNSAVED;
  readonly requests: WorkTreeRequest[] = [];
  readonly snapshots: string[] = [];
  readonly removed: { readonly path: string; readonly keepBranch: boolean }[] = [];
  readonly restored: string[] = [];
  readonly forgotten: string[] = [];
  readonly asked: BringHomeWay[] = [];
  aborted = 0;

  async look(): Promise<RepositoryLook> {
    return this.found;
  }

  /** How other machines get a commit. */
  publishes: PublishedCommit | undefined = { address: 'example.org/project', remote: 'origin', isPushed: true };
  /** The clones at folders, by the addresses of their remotes. */
  clones: { readonly [folder: string]: readonly string[] } = {};
  readonly fetched: string[] = [];
  /** What is to happen before a commit is there; a rejection is a fault. */
  onFetch: () => Promise<void> = async () => undefined;

  async published(): Promise<PublishedCommit | undefined> {
    return this.publishes;
  }

  async clone(folder: string) {
    const addresses = this.clones[folder];
    if (!addresses) throw new Error(`${folder} is not in a Git repository`);
    return { root: folder, addresses };
  }

  async fetchCommit(root: string, _address: string, commit: string): Promise<void> {
    await this.onFetch();
    this.fetched.push(`${commit} in ${root}`);
  }

  /** What packing gives: its pieces. */
  packs: readonly string[] = ['one', 'two'];
  /** What is to happen before work is packed; a rejection is a fault. */
  onPack: () => Promise<void> = async () => undefined;
  /** What has come from other machines. */
  readonly unpacked: string[] = [];

  async pack(): Promise<PackedWork> {
    await this.onPack();
    const { packs } = this;
    const facts = { tip: 'tip', digest: 'digest', pieces: packs.length };
    return { ...facts, piece: async (index) => packs[index] ?? '', dispose: async () => undefined };
  }

  async unpack(root: string, { branch }: { readonly branch: string }, pieces: AsyncIterable<string>): Promise<void> {
    const all: string[] = [];
    for await (const piece of pieces) all.push(piece);
    this.unpacked.push(`${branch} in ${root}: ${all.join(' ')}`);
  }

  async isWorkTree(): Promise<boolean> {
    return this.found.kind === 'repository';
  }

  pathOf(_commonFolder: string, name: string): string {
    return `/storage/${name}`;
  }

  async create(request: WorkTreeRequest): Promise<WorkTree> {
    this.requests.push(request);
    await this.onCreate(request);
    const { path, base, branch = `loops/${request.loopId}` } = request;
    return { path, base, branch, cwd: `${path}${this.within}` };
  }

  async snapshot(_root: string, name: string): Promise<Snapshot> {
    this.snapshots.push(name);
    const tree = await this.onSnapshot(name);
    return { tree, commit: `commit of ${name}`, commonFolder: '/project/.git', leftOut: [] };
  }

  async changes(): Promise<FileChange[]> {
    return this.differs;
  }

  async read(): Promise<Uint8Array | undefined> {
    return undefined;
  }

  async preview(): Promise<MergePreview> {
    return this.meets;
  }

  async bringHome(_root: string, _tree: WorkTree, way: BringHomeWay): Promise<BringHomeResult> {
    this.asked.push(way);
    return this.result;
  }

  pushPlan: PushPlan = {
    kind: 'ready',
    branch: 'loops/a',
    remotes: [{ name: 'origin', address: 'git@example.com:me/project.git', into: 'main' }],
    commits: 1,
    uncommitted: 0,
  };
  pushResult: PushResult = { kind: 'pushed' };
  readonly pushed: string[] = [];

  async planPush(): Promise<PushPlan> {
    return this.pushPlan;
  }

  async push(_root: string, { branch }: WorkTree, remote: string): Promise<PushResult> {
    this.pushed.push(`${branch} to ${remote}`);
    return this.pushResult;
  }

  /** What is to happen before a branch is pushed unasked, or fetched from there; a rejection is a fault. */
  onPushBranch: () => Promise<void> = async () => undefined;
  onFetchBranch: () => Promise<void> = async () => undefined;
  /** Whether a loop has changed nothing. */
  changedNothing = false;
  readonly pushedBranches: string[] = [];
  readonly fetchedBranches: string[] = [];

  async pushBranch(root: string, { branch }: WorkTree, remote: string): Promise<PushedBranch | undefined> {
    await this.onPushBranch();
    this.pushedBranches.push(`${branch} of ${root} to ${remote}`);
    return this.changedNothing ? undefined : { address: 'example.org/project', tip: 'tip' };
  }

  async fetchBranch(root: string, { address }: PushedBranch, { branch }: { readonly branch: string }): Promise<void> {
    await this.onFetchBranch();
    this.fetchedBranches.push(`${branch} from ${address} in ${root}`);
  }

  /** Work trees whose rest was committed. */
  readonly committed: string[] = [];

  async commitRest({ path }: WorkTree): Promise<boolean> {
    this.committed.push(path);
    return true;
  }

  async noteSetUp(): Promise<void> {}

  /** Whether the checkout stands at conflicts. */
  stopped = true;

  async isStopped(): Promise<boolean> {
    return this.stopped;
  }

  async abort(): Promise<void> {
    this.aborted++;
  }

  async unsaved(): Promise<UnsavedWork> {
    return this.unsavedWork;
  }

  async remove(_root: string, { path }: WorkTree, keepBranch: boolean): Promise<void> {
    await this.onRemove(path);
    this.removed.push({ path, keepBranch });
  }

  async restore(_tree: WorkTree, commit: string): Promise<void> {
    this.restored.push(commit);
  }

  async forget(_commonFolder: string, loops: readonly string[]): Promise<void> {
    this.forgotten.push(...loops);
  }

  async forgetEverywhere(loops: readonly string[]): Promise<void> {
    this.forgotten.push(...loops);
  }

  /** What is in our storage. */
  inStorage: StoredWorkTree[] = [];
  bytes = 0;

  async stored(): Promise<StoredWorkTree[]> {
    return this.inStorage;
  }

  async removeStored(path: string): Promise<void> {
    this.removed.push({ path, keepBranch: false });
  }

  async forgetGroups(): Promise<void> {}

  /** How often what was cut off in users' checkouts was settled. */
  settled = 0;

  async settleLeft(): Promise<readonly string[]> {
    this.settled++;
    return [];
  }

  async makeScratch(): Promise<void> {}

  async diskUse(): Promise<number> {
    return this.bytes;
  }
}
