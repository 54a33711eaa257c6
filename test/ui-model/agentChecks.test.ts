import assert from 'node:assert/strict';
import type { AgentFacts } from '../../src/core/model/agentFacts.ts';
import { type Answer, createAgentChecks, isOlder } from '../../src/ui/agentCheck/createAgentChecks.ts';

const FACTS: AgentFacts = {
  name: 'claude',
  title: 'Claude Code',
  command: 'claude',
  args: [],
  env: { QUIET: '1' },
  bundled: false,
  versionArgs: ['--version'],
  minimumVersion: '2.1.4',
  help: [{ args: ['--help'], options: ['--print', '--resume'] }],
  install: 'npm install -g x',
  modes: [],
  cannot: [],
  notes: [],
};

/** Checks one agent whose program answers as told; without answers it is not there. */
async function check(
  answers: Record<string, Partial<Answer>> | undefined,
  facts: Partial<AgentFacts> = {},
  environment: Record<string, string> = { PATH: '/bin' },
) {
  const asked: { args: readonly string[]; environment: Record<string, string> }[] = [];
  const all = { ...FACTS, ...facts };
  const checks = createAgentChecks({
    catalog: () => ({ names: () => [all.name], facts: () => all }),
    environment: async () => environment,
    findProgram: () => (answers ? '/bin/claude' : undefined),
    askProgram: async (_path, args, options) => {
      asked.push({ args, environment: options.environment });
      return { exitCode: 0, output: '', errorOutput: '', timedOut: false, ...answers?.[args.at(-1) ?? ''] };
    },
    containment: async () => ({ kind: 'search', without: [] }),
  });
  const [report] = await checks.check();
  return { report: report!, asked, found: await checks.find() };
}

const HELP = { '--help': { output: 'Usage:\n  -p, --print   print\n  --resume [id]' } };

describe('Check Agents', () => {
  it('finds nothing wrong with a program that starts, is new enough and knows our options', async () => {
    const { report, asked } = await check({ '--version': { output: '2.1.328 (Claude Code)\n' }, ...HELP });
    assert.deepEqual([report.version, report.problems, report.path], ['2.1.328', [], '/bin/claude']);
    assert.deepEqual(asked[0], { args: ['--version'], environment: { PATH: '/bin', QUIET: '1' } });
  });

  it('starts nothing when it only looks, and no program that is missing', async () => {
    const { report, asked, found } = await check(undefined);
    assert.deepEqual(asked, []);
    assert.equal(report.path, undefined);
    assert.deepEqual(found, [
      { name: 'claude', title: 'Claude Code', command: 'claude', bundled: false, install: 'npm install -g x' },
    ]);
  });

  const wrong: readonly [string, Record<string, Partial<Answer>>, string, RegExp][] = [
    [
      'an old version',
      { '--version': { output: '2.1.3' }, ...HELP },
      'too old',
      /^Version 2\.1\.3 is too old: .* needs 2\.1\.4 or later\. Update it: npm install -g x$/,
    ],
    [
      'one that does not start',
      { '--version': { exitCode: 127, errorOutput: 'node: not found\n' } },
      'does not start',
      /does not start: --version ended with exit code 127: node: not found/,
    ],
    [
      'one that does not answer',
      { '--version': { timedOut: true } },
      'does not answer',
      /has not answered within 20 seconds/,
    ],
    ['one that cannot be run', { '--version': { error: 'EACCES' } }, 'does not start', /could not be run: EACCES/],
    [
      'another program of that name',
      { '--version': { output: 'hello there' } },
      'no version',
      /^--version printed “hello there”, which is not a version number\./,
    ],
    [
      'one that lacks an option',
      { '--version': { output: '2.1.4' }, '--help': { output: '--print --resume-at' } },
      'options missing',
      /does not know --resume, which Loop Supervisor uses/,
    ],
    [
      'one whose help fails',
      { '--version': { output: '2.1.4' }, '--help': { exitCode: 1, output: 'Log in first' } },
      'help fails',
      /help cannot be read: --help ended with exit code 1: Log in first/,
    ],
  ];
  for (const [what, answers, short, sentence] of wrong) {
    it(`names ${what}`, async () => {
      const { report } = await check(answers);
      assert.equal(report.problems[0]?.short, short);
      assert.match(report.problems[0]?.sentence ?? '', sentence);
    });
  }

  const login: AgentFacts['loginStatus'] = { args: ['login', 'status'], since: '2.1.41', keys: ['ITS_KEY'] };
  const logins: readonly [string, Partial<Answer>, string, Record<string, string>, boolean | undefined][] = [
    ['a login', { output: 'Logged in using ChatGPT' }, '2.1.41', {}, true],
    ['a login as JSON', { output: '{ "loggedIn": true }' }, '2.1.41', {}, true],
    ['none', { exitCode: 1, errorOutput: 'Not logged in' }, '2.1.41', {}, false],
    ['none, as JSON', { exitCode: 1, output: '{ "loggedIn": false }' }, '2.1.41', {}, false],
    ['an answer that nobody knows', { exitCode: 2, output: 'unknown command' }, '2.1.41', {}, undefined],
    ['no answer', { timedOut: true }, '2.1.41', {}, undefined],
    [
      'that there is a key in the environment, whatever it tells',
      { exitCode: 1, output: 'Not logged in' },
      '2.1.41',
      { ITS_KEY: 'x' },
      undefined,
    ],
  ];
  for (const [what, status, version, environment, loggedIn] of logins) {
    it(`tells ${what}`, async () => {
      const { report } = await check(
        { '--version': { output: version }, ...HELP, status },
        { loginStatus: login, login: 'run "x login"' },
        environment,
      );
      assert.equal(report.loggedIn, loggedIn);
      assert.equal(report.apiKey, Object.keys(environment)[0]);
      assert.deepEqual(
        report.problems,
        loggedIn === false ? [{ short: 'not logged in', sentence: 'It is not logged in: run "x login".' }] : [],
      );
    });
  }

  it('does not ask about the login where that version would take the question for a prompt', async () => {
    const { report, asked } = await check({ '--version': { output: '2.1.40' }, ...HELP }, { loginStatus: login });
    assert.equal(report.loggedIn, undefined);
    assert.ok(!asked.some(({ args }) => args.includes('login')));
  });

  it('R14.3 understands Pi, which says that it is not ready', async () => {
    const { report } = await check(
      { '--version': { output: '2.1.50' }, ...HELP, status: { exitCode: 1, output: 'not_ready\n' } },
      { loginStatus: login },
    );
    assert.equal(report.loggedIn, false);
  });

  it('passes on an agent’s limitations, if it has any', async () => {
    const limits = ['Every tool runs without asking.'];
    assert.deepEqual((await check(undefined, { cannot: limits })).report.cannot, limits);
    assert.equal((await check(undefined)).report.cannot, undefined);
  });

  it('asks an unknown program nothing', async () => {
    const { versionArgs: _, minimumVersion: __, ...rest } = FACTS;
    const checks = createAgentChecks({
      catalog: () => ({ names: () => ['mine'], facts: () => ({ ...rest, help: [] }) }),
      environment: async () => ({}),
      findProgram: () => '/bin/mine',
      askProgram: async () => assert.fail('It was asked.'),
      containment: async () => ({ kind: 'cgroup', without: [] }),
    });
    assert.deepEqual(
      (await checks.check()).map(({ problems }) => problems),
      [[]],
    );
  });

  it('compares versions by their numbers', () => {
    const cases: [string, string, boolean][] = [
      ['1.9.0', '1.10.0', true],
      ['1.10.0', '1.9.0', false],
      ['2.1', '2.1.0', false],
      ['2.1.4-beta.1', '2.1.4', false],
      ['0.60.9', '0.61.0', true],
    ];
    for (const [version, minimum, older] of cases)
      assert.equal(isOlder(version, minimum), older, `${version} ${minimum}`);
  });
});
