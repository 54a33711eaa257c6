import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';

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

  it('comments and documents have at most 120 columns; the formatter holds the code', () => {
    const isComment = (line: string) => /^\s*(?:\/\/|\/\*|\*)/.test(line);
    // Tables, links and pictures cannot be broken.
    const isText = (line: string) => !/^\||\]\(|https?:|^"/.test(line);
    const long = globSync(['{src,test}/**/*.{ts,mjs}', '*.md', '.github/*.md', '{src,test}/**/README.md'], {
      exclude: ['test/fixtures/**', 'test/**/out/**'],
    }).flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, at) => {
          const counts = file.endsWith('.md') ? isText(line) : isComment(line);
          return counts && line.length > 120 ? [`${file}:${at + 1}`] : [];
        }),
    );
    assert.deepEqual(long, []);
  });
});
