import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PRICES_AS_OF } from '../../src/agents/prices.ts';
import { testCatalog } from './support/streams.ts';

interface Schema {
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly markdownEnumDescriptions?: readonly string[];
  readonly pattern?: string;
  readonly scope?: string;
  readonly markdownDescription?: string;
  readonly properties: { readonly [name: string]: Schema };
  readonly additionalProperties: Schema;
  readonly propertyNames: Schema;
  readonly defaultSnippets: readonly { readonly body: object }[];
}

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly contributes: {
    readonly configuration: readonly { readonly properties: { readonly [key: string]: Schema } }[];
  };
};
const settings = Object.assign({}, ...manifest.contributes.configuration.map(({ properties }) => properties)) as {
  readonly [key: string]: Schema;
};
const agents = settings['loopSupervisor.agents']!;
const prices = settings['loopSupervisor.prices']!;

/** What the editor inserts for a snippet. */
function filled(body: object): { readonly [name: string]: object } {
  const written = JSON.stringify(body)
    // A text that is only escaped for the editor.
    .replace(/"\^\\"\\\\(\$\{\w+\})\\""/g, '"$1"')
    .replace(/"\^\$\{\d:([^}]*)\}"/g, '$1')
    .replace(/\$\{\d:([^}]*)\}/g, '$1');
  return JSON.parse(written);
}

describe('the schema of agents and prices in the settings', () => {
  it('both are of scope machine: a repository cannot name a program', () => {
    assert.equal(agents.scope, 'machine');
    assert.equal(prices.scope, 'machine');
  });

  it('it knows the same options as the catalog', () => {
    const { problems } = testCatalog({ agents: { a: { nonsense: 1 } } });
    const listed = /options are (.*); it is skipped/.exec(problems[0] ?? '')?.[1]?.split(/, | and /) ?? [];
    assert.deepEqual(Object.keys(agents.additionalProperties.properties).sort(), listed.sort());
  });

  it('the default agent is a choice of the built-in agents, or any name', () => {
    const [choice, name] = settings['loopSupervisor.defaultAgent']?.anyOf ?? [];
    assert.deepEqual(new Set(choice?.enum), new Set(testCatalog().catalog.names()));
    assert.equal(choice?.markdownEnumDescriptions?.length, choice?.enum?.length);
    assert.equal(name?.enum, undefined, 'one of the user’s own is no mistake');
  });

  it('the built-in agents are offered as names of profiles, beside any other', () => {
    const builtIn = Object.entries(agents.allOf?.[0]?.properties ?? {});
    assert.deepEqual(new Set(builtIn.map(([name]) => name)), new Set(testCatalog().catalog.names()));
    for (const [name, schema] of builtIn) assert.deepEqual(Object.keys(schema), ['type', 'markdownDescription'], name);
  });

  it('its enumerations are what the catalog takes', () => {
    const { catalog } = testCatalog();
    const { properties } = agents.additionalProperties;
    for (const option of ['permissionMode', 'sandbox'] as const) {
      const taken = new Map<string, string[]>();
      for (const name of catalog.names()) {
        const facts = catalog.facts(name)!;
        if (facts.mode?.option === option)
          for (const { value, meaning } of facts.modes) taken.set(value, [...(taken.get(value) ?? []), meaning]);
      }
      assert.deepEqual(properties[option]?.enum, [...taken.keys()]);
      [...taken.values()].forEach((meanings, at) => {
        for (const meaning of meanings)
          assert.ok(properties[option]?.markdownEnumDescriptions?.[at]?.includes(meaning), meaning);
      });
    }
    for (const base of properties['extends']?.enum ?? [])
      assert.deepEqual(testCatalog({ agents: { a: { extends: base, command: 'x' } } }).problems, []);
    for (const prompt of properties['prompt']?.enum ?? []) {
      const args = prompt === 'file' ? ['${promptFile}'] : [];
      assert.deepEqual(testCatalog({ agents: { a: { command: 'x', prompt, args } } }).problems, []);
    }
    for (const resume of properties['resume']?.enum ?? [])
      assert.deepEqual(testCatalog({ agents: { a: { command: 'x', resume } } }).problems, []);
  });

  it('its pattern for names accepts exactly what the catalog accepts', () => {
    const pattern = new RegExp(agents.propertyNames.pattern ?? '');
    for (const name of [
      'a',
      'claude-2',
      'My.Agent_1',
      '-a',
      'a b',
      '',
      '__proto__',
      'x'.repeat(64),
      'x'.repeat(65),
      'a/b',
      'é',
    ]) {
      const { problems } = testCatalog({ agents: Object.fromEntries([[name, { command: 'x' }]]) });
      assert.equal(problems.length === 0, pattern.test(name), name);
    }
  });

  it('its snippets are valid', () => {
    for (const { body } of agents.defaultSnippets) assert.deepEqual(testCatalog({ agents: filled(body) }).problems, []);
    for (const { body } of agents.additionalProperties.defaultSnippets)
      assert.deepEqual(testCatalog({ agents: { a: filled(body) } }).problems, []);
    for (const { body } of prices.defaultSnippets) assert.deepEqual(testCatalog({ prices: filled(body) }).problems, []);
    for (const { body } of prices.additionalProperties.defaultSnippets)
      assert.deepEqual(testCatalog({ prices: { m: filled(body) } }).problems, []);
  });

  it('it names the date of the built-in prices', () => {
    assert.ok(prices.markdownDescription?.includes(PRICES_AS_OF));
  });

  it('R1.4 its example of Cline, which has no profile, gives the prompt as an argument and stops by SIGINT', () => {
    const example = agents.defaultSnippets.map(({ body }) => filled(body)).find((body) => 'cline' in body);
    const cline = testCatalog({ agents: example }).catalog.find('cline');
    const plan = cline?.plan({ loopId: 'x', prompt: 'Do it.', cwd: '/' });
    assert.deepEqual([plan?.command, ...(plan?.args ?? [])], ['cline', '--json', 'Do it.']);
    assert.deepEqual(plan?.stopSteps, [{ signal: 'SIGINT', share: 1 }]);
    assert.match(cline?.refuse('-rf') ?? '', /begins with "-"/);
    assert.equal(cline?.spending, 'never');
  });
});
