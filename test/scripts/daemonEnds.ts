import { type Attack, DaemonEnds } from '../process/support/daemonEnds.ts';

// npm run daemons: leaders that end while their daemons are between two forks, with every pause from 0 to 5 ms, swept
// as after an end. A daemon with its marker or with the log open is never left; the others are counted. Linux, with
// perl. The argument says how many ends there are in all.

const PAUSES_MS = [0, 1, 2, 3, 4, 5];
const FOUND: readonly Attack[] = [
  { name: 'marker and log', tricks: [] },
  { name: 'marker, no log', tricks: ['noLog'] },
  { name: 'log, no marker', tricks: ['noMarker'] },
];
const OTHERS: readonly Attack[] = [
  { name: 'neither marker nor log', tricks: ['noLog', 'noMarker'] },
  { name: 'title written over, no log', tricks: ['noLog', 'title'] },
  { name: 'not to be looked into, no log', tricks: ['noLog', 'hidden'] },
  { name: 'hops for two seconds', tricks: ['noLog', 'noMarker', 'hops'] },
];

const count = Number(process.argv[2] ?? 1_000);
const each = Math.ceil(count / (FOUND.length + OTHERS.length) / PAUSES_MS.length);
const ends = new DaemonEnds();
let isBroken = false;
console.log(`${each * PAUSES_MS.length} ends of each kind, with pauses of ${PAUSES_MS.join(', ')} ms\n`);
console.log('| attack | survivors | false "nothing left" | ms each |\n| --- | --- | --- | --- |');
for (const attack of [...FOUND, ...OTHERS]) {
  const begun = performance.now();
  let survivors = 0;
  let falselyClean = 0;
  for (let round = 0; round < each; round++) {
    for (const pause of PAUSES_MS) {
      const outcome = await ends.end(attack, pause);
      survivors += Number(outcome.survived);
      falselyClean += Number(outcome.falselyClean);
    }
  }
  const ms = Math.round((performance.now() - begun) / (each * PAUSES_MS.length));
  console.log(`| ${attack.name} | ${survivors} | ${falselyClean} | ${ms} |`);
  if (FOUND.includes(attack) && survivors > 0) isBroken = true;
}
ends.dispose();
if (isBroken) {
  console.error('\nDaemons that can be found were left.');
  process.exitCode = 1;
}
