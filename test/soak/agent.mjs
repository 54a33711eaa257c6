// An agent for the soak: works in small steps and reports a cost with each as a line of JSON. In its first attempts it
// may misbehave. Its prompt, on standard input, is JSON: { steps, stepMs, cost, mischief, attempts, lie }.
import { spawn } from 'node:child_process';
import { readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { steps, stepMs, cost, mischief, attempts, lie } = JSON.parse(readFileSync(0, 'utf8'));
const attempt = Number(process.env.LOOP_SUPERVISOR_ATTEMPT.split('-')[1]);
const acts = attempt <= attempts ? mischief : 'none';
const say = (text) => {
  // A pipe or a full disk may take less than all of it.
  for (let rest = Buffer.from(`${text}\n`); rest.length > 0; ) rest = rest.subarray(writeSync(1, rest));
};
const child = (script, detached) => spawn(process.execPath, ['-e', script], { detached, stdio: 'ignore' }).unref();

if (acts === 'fork') {
  for (let n = 0; n < 6; n++) child(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`, n % 2 === 0);
}
for (let step = 1; step <= steps; step++) {
  await sleep(stepMs);
  say(JSON.stringify({ step, cost }));
  if (acts === 'lie') say(lie);
}
if (acts === 'hang') {
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1_000);
  await new Promise(() => {});
}
if (acts === 'flood') {
  const line = 'x'.repeat(255);
  for (;;) {
    for (let n = 0; n < 256; n++) say(line);
    await sleep(20);
  }
}
if (acts === 'crash') process.exit(3);
say(JSON.stringify({ done: true }));
