import assert from 'node:assert/strict';
import type { OtherMachine } from '../../src/core/model/status.ts';
import { machineItems } from '../../src/ui/review/machineItems.ts';

const machine = (id: string, name: string, more: Partial<OtherMachine> = {}): OtherMachine => ({
  ...{ id, name, takes: ['example.org/project'], answers: true },
  ...more,
});
const shown = (...machines: OtherMachine[]) =>
  machineItems(machines).map((item) => [
    item.label,
    item.description,
    'detail' in item ? item.detail : '',
    item.machine,
  ]);

describe('the machines that a loop can be submitted for', () => {
  it('R16.4 any comes first, then each with what it takes, and one that does not answer says so', () => {
    const takes = ['example.org/project', 'example.org/tools'];
    assert.deepEqual(shown(machine('1', 'build-1', { takes }), machine('2', 'cloud', { answers: false })), [
      [
        '$(server-environment) Any Machine',
        'The one with the least to do, this one too if it takes such loops',
        '',
        'any',
      ],
      ['$(vm) build-1', '', 'example.org/project, example.org/tools', '1'],
      ['$(vm) cloud', 'does not answer now', 'example.org/project', '2'],
    ]);
  });

  it('R16.4 two of one name come with their ids, and no name adds lines or hides text', () => {
    const labels = shown(machine('1', 'box'), machine('2', 'box'), machine('3', 'a\nb\u202e')).map(([label]) => label);
    assert.deepEqual(labels.slice(1, 3), ['$(vm) box (1)', '$(vm) box (2)']);
    assert.doesNotMatch(labels[3] ?? '', /[\n\u202e]/);
  });
});
