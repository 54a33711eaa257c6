import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Containment } from '../../src/core/model/containment.ts';
import { reaperCommands } from '../../src/process/contain/reaper.ts';
import { tryRunGroup } from '../../src/process/contain/runGroup.ts';
import { runCommand } from '../../src/process/tables/runCommand.ts';
import { type Attack, DaemonEnds } from '../process/support/daemonEnds.ts';

// npm run daemons: leaders that end while their daemons are between two forks, swept as after an end, under each
// containment that this machine has. A daemon with its marker or with the log open is never left, whatever contains
// it; the others are counted. Linux, with perl. The first argument says how many ends there are under each
// containment; a second one names the only containment.

const PAUSES_MS = [0, 1, 2, 3, 4, 5];
const HOPS_MS = [0, 1, 2, 5, 10, 20];
const FOUND: readonly Attack[] = [
  { name: 'marker and log', tricks: [] },
  { name: 'marker, no log', tricks: ['noLog'] },
  { name: 'log, no marker', tricks: ['noMarker'] },
];
const OTHERS: readonly Attack[] = [
  { name: 'neither marker nor log', tricks: ['noLog', 'noMarker'] },
  { name: 'title written over, no log', tricks: ['noLog', 'title'] },
  { name: 'not to be looked into, no log', tricks: ['noLog', 'hidden'] },
  { name: 'first thread ended, no log', tricks: ['noLog', 'noThread'] },
  { name: 'hops every 0 to 20 ms', tricks: ['noLog', 'noMarker', 'hops'] },
];
const ATTACKS = [...FOUND, ...OTHERS];

interface Count {
  survivors: number;
  falselyClean: number;
  ms: number;
}

const count = Number(process.argv[2] ?? 1_000);
const only = process.argv[3] as Containment | undefined;
const each = Math.ceil(count / ATTACKS.length / PAUSES_MS.length);
if (process.argv[4] === 'one') console.log(JSON.stringify(await countAll(only ?? 'search')));
else await compare();

/** Counts under one containment, in a process of its own: a subreaper has to be its parent. */
async function countAll(containment: Containment): Promise<Count[]> {
  const ends = new DaemonEnds(containment);
  const counts: Count[] = [];
  for (const attack of ATTACKS) {
    const begun = performance.now();
    const total: Count = { survivors: 0, falselyClean: 0, ms: 0 };
    const pauses = attack.tricks.includes('hops') ? HOPS_MS : PAUSES_MS;
    for (let round = 0; round < each; round++) {
      for (const pause of pauses) {
        const outcome = await ends.end(attack, pause);
        total.survivors += Number(outcome.survived);
        total.falselyClean += Number(outcome.falselyClean);
      }
    }
    total.ms = Math.round((performance.now() - begun) / (each * PAUSES_MS.length));
    counts.push(total);
  }
  ends.dispose();
  return counts;
}

async function compare(): Promise<void> {
  const kinds: Containment[] = ['search', 'subreaper', 'cgroup'];
  const wraps = new Map<Containment, readonly string[]>([['search', []]]);
  const reaper = reaperCommands().find(([path]) => existsSync(path));
  if (reaper) wraps.set('subreaper', reaper);
  if ((await tryRunGroup(runCommand)) === undefined) wraps.set('cgroup', []);
  const counted = kinds.filter((kind) => wraps.has(kind) && (only === undefined || kind === only));
  const results = counted.map((kind) => {
    const [file = '', ...args] = [...(wraps.get(kind) ?? []), process.execPath, import.meta.filename];
    const { stdout } = spawnSync(file, [...args, String(count), kind, 'one'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return JSON.parse(stdout) as Count[];
  });
  console.log(
    `${each * PAUSES_MS.length} ends of each kind under each containment: survivors, of these told as gone\n`,
  );
  console.log(`| attack | ${counted.join(' | ')} |\n| --- |${' --- |'.repeat(counted.length)}`);
  let isBroken = false;
  for (const [index, { name }] of ATTACKS.entries()) {
    const cells = results.map((counts) => {
      const { survivors, falselyClean, ms } = counts[index] as Count;
      return `${survivors}, ${falselyClean} (${ms} ms each)`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
    isBroken ||= index < FOUND.length && results.some((counts) => (counts[index]?.survivors ?? 0) > 0);
  }
  isBroken ||= results.some((counts, at) => counted[at] === 'cgroup' && counts.some(({ survivors }) => survivors > 0));
  if (!isBroken) return;
  console.error('\nDaemons that can be found were left.');
  process.exitCode = 1;
}
