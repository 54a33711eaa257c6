import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly supported: unknown; readonly description?: string };
  };
  readonly contributes: { readonly configuration: Configuration | readonly Configuration[] };
};
type Configuration = { readonly properties: { readonly [key: string]: { readonly scope?: string } } };

describe('What a repository cannot do', () => {
  it('R1.2 no setting can be made by a workspace: none names a program, raises a budget or lifts a cap from there', () => {
    const configuration = [manifest.contributes.configuration].flat() as readonly Configuration[];
    const settings = configuration.flatMap(({ properties }) => Object.entries(properties));
    assert.ok(settings.length >= 20);
    const open = settings.filter(([, { scope }]) => scope !== 'machine' && scope !== 'application');
    assert.deepEqual(
      open.map(([key]) => key),
      [],
    );
  });

  it('R1.2 the manifest says what an untrusted workspace cannot do', () => {
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    assert.match(manifest.capabilities.untrustedWorkspaces.description ?? '', /no agent runs/i);
  });
});
