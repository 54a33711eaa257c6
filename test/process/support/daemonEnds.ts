import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Containment } from '../../../src/core/model/containment.ts';
import { emptied, isEmpty, makeRunGroup } from '../../../src/process/contain/runGroup.ts';
import { findRun } from '../../../src/process/sweep/findProcesses.ts';
import { sweep } from '../../../src/process/sweep/sweep.ts';
import { createTable } from '../../../src/process/tables/platformTable.ts';
import { identityOf, type ProcessInfo } from '../../../src/process/tables/processTable.ts';
import { seen } from '../../support/seen.ts';
import { kill, program } from './runHarness.ts';

/** What a daemon does so as not to be found. */
export interface Attack {
  readonly name: string;
  readonly tricks: readonly ('noLog' | 'noMarker' | 'title' | 'hidden' | 'noThread' | 'hops')[];
}

export interface EndOutcome {
  /** Its daemon lived on. */
  readonly survived: boolean;
  /** It did, and the sweep said that nothing was left. */
  readonly falselyClean: boolean;
}

/** Long enough (ms) for a daemon that a sweep has missed to have become one. */
const SETTLED_MS = 60;
/** One that hops settles only after half a second, and is in no list before. */
const SETTLED_HOPPER_MS = 800;

/**
 * Ends leaders just while their daemons are between two forks, and sweeps after them as a guardian does. Each daemon
 * sleeps for a number of seconds of its own, by which it is found afterwards.
 */
export class DaemonEnds {
  readonly #table = createTable();
  readonly #folder = mkdtempSync(join(tmpdir(), 'loop-daemons-'));
  readonly #containment: Containment;
  #seconds = 100_000 + (process.pid % 1_000) * 1_000;

  /** `subreaper`: this process was started by one. */
  constructor(containment: Containment = 'search') {
    this.#containment = containment;
  }

  async end({ tricks }: Attack, pauseMs: number): Promise<EndOutcome> {
    const seconds = ++this.#seconds;
    const token = `daemon-${seconds}`;
    const folder = join(this.#folder, token);
    mkdirSync(folder);
    const log = openSync(join(folder, 'stdout.log'), 'a');
    const { LOOP_SUPERVISOR_ATTEMPT: _, ...own } = process.env;
    const env = tricks.includes('noMarker') ? own : { ...own, LOOP_SUPERVISOR_ATTEMPT: token };
    const args = [program('doubleFork.pl'), String(pauseMs), String(seconds), ...tricks];
    const group = this.#containment === 'cgroup' ? makeRunGroup(token, () => undefined) : undefined;
    const start = () => spawn('perl', args, { detached: true, env, stdio: ['ignore', log, log] });
    const child = group ? group.startWithin(start) : start();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    closeSync(log);
    const leader = seen(await this.#table.find(child.pid ?? 0));
    await ended;
    const contained = { group, ...(this.#containment === 'subreaper' && { reaper: process.ppid }) };
    const identity = leader && identityOf(leader);
    const marks = { token, leader: identity, folder, trustGroup: true, ownFolders: [folder], ...contained };
    const find = (known: readonly ProcessInfo[]) =>
      findRun(this.#table, { ...marks, seen: known }, { keep: [], deep: true });
    const isEmptied = group && { isEmpty: () => isEmpty(group) };
    const left = await sweep(this.#table, find, { graceMs: 500, ...isEmptied });
    const { remaining, unseen } = group ? await emptied(group, left) : left;
    await sleep(tricks.includes('hops') ? SETTLED_HOPPER_MS : SETTLED_MS);
    const survivors = daemons(seconds);
    for (const pid of survivors) kill(pid);
    const survived = survivors.length > 0;
    return { survived, falselyClean: survived && remaining.length === 0 && unseen === undefined };
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The processes that carry that number among their arguments. */
function daemons(seconds: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!(pid > 0) || pid === process.pid) return [];
    try {
      // Where the first thread has ended, only the others show it.
      const shown = readdirSync(`/proc/${pid}/task`).map((task) =>
        readFileSync(`/proc/${pid}/task/${task}/cmdline`, 'utf8'),
      );
      return shown.some((args) => args.split(/[\0 ]/).includes(String(seconds))) ? [pid] : [];
    } catch {
      return [];
    }
  });
}
