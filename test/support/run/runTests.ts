import { mkdirSync } from 'node:fs';
import { CACHE } from '../host/paths.ts';
import { provisionServer } from '../host/provisionServer.ts';
import { runSuites } from './lanes.ts';
import { count, summary } from './result.ts';
import { rulesProven } from './rules.ts';
import type { Suite } from './suite.ts';
import { GROUPS, longestFirst } from './suites.ts';

// node runTests.ts [group …]: runs these groups of suites, or all, and ends with their totals.
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in GROUPS));
if (unknown) throw new Error(`There is no group of tests "${unknown}". There are: ${Object.keys(GROUPS).join(', ')}.`);

const suites = new Map<string, Suite>();
for (const group of asked.length > 0 ? asked : Object.keys(GROUPS))
  for (const suite of GROUPS[group]!()) suites.set(suite.name, suite);

// Packing does not make the folder that it packs into.
mkdirSync(CACHE, { recursive: true });

// Fetching the server is mostly waiting, so it goes beside the checks; the tests that need it find it, or say why not.
if (process.env.VSCODE_TEST_HOST !== 'desktop' && suites.has('vscode'))
  provisionServer(console.log)
    .then(() => provisionServer(console.log, 'oldest'))
    .catch((error: unknown) => console.error(error));

const results = await runSuites(longestFirst([...suites.values()]));
if (asked.length === 0) results.push(rulesProven(results));
console.log(summary(results));
process.exitCode = count(results, 'fail') > 0 || count(results, 'pass') === 0 ? 1 : 0;
