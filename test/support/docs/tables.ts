import { readFileSync } from 'node:fs';
import { cells, HEAD, type Table } from '../../bench/support/figures.ts';

interface Setting {
  readonly type?: string | readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly order?: number;
  readonly description?: string;
  readonly markdownDescription?: string;
}
interface Group {
  readonly title: string;
  readonly properties: { readonly [key: string]: Setting };
}

/** What a bench run wrote. */
export interface BenchReport {
  readonly at: string;
  readonly machine: {
    readonly cpus: number;
    readonly model?: string;
    readonly memoryMB: number;
    readonly kernel: string;
    readonly node: string;
  };
  readonly tables: readonly Table[];
}

const PREFIX = 'loopSupervisor.';

/** The settings as one table of Markdown, in the order of the manifest. */
export function settingsTable(manifest: {
  readonly contributes: { readonly configuration: readonly Group[] };
}): string {
  const rows = manifest.contributes.configuration.flatMap(({ properties }) =>
    Object.entries(properties).map(([key, setting]) => {
      const text = (setting.description ?? setting.markdownDescription ?? '').replaceAll(
        new RegExp(`\`#${PREFIX}([^#]+)#\``, 'g'),
        '`$1`',
      );
      return `| \`${key.slice(PREFIX.length)}\` | ${shownDefault(setting.default)} | ${range(setting)} | ${cell(text)} |`;
    }),
  );
  return [
    `Names begin with \`${PREFIX}\`.`,
    '',
    '| setting | default | range | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function shownDefault(value: unknown): string {
  const text = Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
  return text === '' ? '' : `\`${cell(text.replaceAll('"', ''))}\``;
}

function range({ enum: choices, minimum, maximum, type }: Setting): string {
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (type === 'boolean') return '`true`, `false`';
  return type === 'array' ? 'a list' : type === 'object' ? 'an object' : 'text';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}

/** The figures of a bench run as tables of Markdown, with the command and the machine that made them. */
export function benchTables({ at, machine, tables }: BenchReport): string {
  const { cpus, model, memoryMB, kernel, node } = machine;
  const processor = `${cpus} × ${model ?? 'CPU'}, ${Math.round(memoryMB / 1024)} GB`;
  const made = `Made by \`npm run bench\` on ${at.slice(0, 10)}: ${processor}, Linux ${kernel}, Node ${node}.`;
  const row = (texts: readonly string[]) => `| ${texts.map(cell).join(' | ')} |`;
  const blocks = tables.map(({ bench, figures }) =>
    [`### ${bench}`, '', row(HEAD), row(HEAD.map(() => '---')), ...figures.map((figure) => row(cells(figure)))].join(
      '\n',
    ),
  );
  return [`${made} Lower is better.`, ...blocks].join('\n\n');
}

/** What stands in a document between `<!-- name … -->` and `<!-- /name -->`, without the line ends at its borders. */
export function sectionIn(document: string, name: string): string {
  const [from, to] = borders(document, name);
  return document.slice(from, to).trim();
}

/** The document with another text in that place. */
export function withSection(document: string, name: string, text: string): string {
  const [from, to] = borders(document, name);
  return `${document.slice(0, from)}\n${text}\n${document.slice(to)}`;
}

function borders(document: string, name: string): [number, number] {
  const begin = new RegExp(`<!-- ${name}\\b[^>]*-->`).exec(document);
  const end = document.indexOf(`<!-- /${name} -->`);
  if (!begin || end < 0) throw new Error(`The document has no section between <!-- ${name} --> and <!-- /${name} -->.`);
  return [begin.index + begin[0].length, end];
}

export function readManifest(): Parameters<typeof settingsTable>[0] {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
}
