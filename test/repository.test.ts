import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';

const TOP = [
  'src',
  'media',
  'test',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'esbuild.mjs',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
];
const GENERATED = ['node_modules', 'dist'];

describe('repository', () => {
  it('the top level holds the agreed names and nothing else', () => {
    const others = readdirSync('.').filter(
      (name) => !name.startsWith('.') && !name.endsWith('.vsix') && ![...TOP, ...GENERATED].includes(name),
    );
    assert.deepEqual(others, []);
  });

  it('the lock file names no registry, so that any can be used', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { resolved?: string; version?: string }>;
    };
    const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
    assert.deepEqual(
      entries.filter(([, { resolved }]) => resolved !== undefined),
      [],
    );
    assert.deepEqual(
      entries.filter(([, { version }]) => !version),
      [],
    );
  });

  it('no source names a folder of somebody’s machine', () => {
    const files = globSync(['{src,media}/**/*.{ts,css,md,svg,html}', 'test/**/*.{ts,mjs,json,md}', '*.{json,md,mjs}'], {
      exclude: ['test/fixtures/streams/**', 'test/**/out/**', 'test/repository.test.ts', 'package-lock.json'],
    });
    assert.ok(files.length > 100);
    const named = files.filter((file) =>
      /(?<![\w.-])\/(?:work\/|root\/|home\/(?!user\/|me\/|you\/|ada\/|dev\/)\w+\/)/.test(readFileSync(file, 'utf8')),
    );
    assert.deepEqual(named, []);
  });

  it('sources and documents have at most 120 columns', () => {
    // Imports, and regular expressions on a line of their own, cannot be broken.
    const isWhole = (line: string) => /^\s*(?:import|export type) .* from |^\s*\/.*\/\w*[;,]?$/.test(line);
    // Neither can tables, links and pictures in documents.
    const isText = (line: string) => !/^\||\]\(|https?:|^"/.test(line);
    const isComment = (line: string) => /^\s*(?:\/\/|\/\*|\*)/.test(line);
    // The steps of a schema that were released stay as they are, to the letter.
    const isReleased = (file: string) => /store\/.*\/(?:schema|firstTables)\.ts$/.test(file);
    const counts = (file: string, line: string) => {
      if (file.endsWith('.md')) return isText(line);
      if (file.startsWith('test/') || isReleased(file)) return isComment(line);
      return !isWhole(line);
    };
    const files = globSync(
      ['src/**/*.{ts,css}', 'test/**/*.{ts,mjs}', 'esbuild.mjs', '*.md', '.github/*.md', '{src,test}/**/README.md'],
      { exclude: ['test/fixtures/**', 'test/**/out/**'] },
    );
    const long = files.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, at) => (line.length > 120 && counts(file, line) ? [`${file}:${at + 1}`] : [])),
    );
    assert.deepEqual(long, []);
  });

  it('the guides for developers name files that exist', () => {
    const unknown = ['.github/CONTRIBUTING.md', 'test/README.md', 'src/agents/README.md'].flatMap((guide) =>
      [...readFileSync(guide, 'utf8').matchAll(/`([\w./-]+\.(?:ts|json|mjs|md))`/g)]
        .map(([, path = '']) => path)
        .filter((path) => globSync([path, `{src,test}/**/${path}`]).length === 0)
        .map((path) => `${guide}: ${path}`),
    );
    const ways = readFileSync('src/README.md', 'utf8').matchAll(/^ *((?:core|process|ui|git)\/[\w/]+)(?= {2,})/gm);
    const files = [...ways].map(([, path = '']) => path);
    assert.ok(files.length > 40);
    const gone = files.filter((path) => !existsSync(`src/${path}.ts`) && !existsSync(`src/${path}`));
    assert.deepEqual([...unknown, ...gone], []);
  });

  it('retired names and worn phrases do not come back', () => {
    const names =
      /\b(?:DispatchView|lookout|runBooks?|followedRuns?|windowLife|bringHere|userStop|withinReason|carryOut|factsOf)\b/;
    const phrases = /\bcan not\b|\bon the books\b|\bis told\b|\btold apart\b|\bby nobody\b/i;
    const files = globSync(['src/**/*.{ts,css,md}', 'README.md', 'package.json', '.github/*.md', 'media/**/*.md']);
    assert.ok(files.length > 600);
    const found = files.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, at) => (names.test(line) || phrases.test(line) ? [`${file}:${at + 1}`] : [])),
    );
    assert.deepEqual(found, []);
  });
});
