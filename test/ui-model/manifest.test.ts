import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

interface MenuEntry {
  readonly command: string;
  readonly when?: string;
}

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const { contributes } = manifest;
const commands = new Set<string>(contributes.commands.map(({ command }: MenuEntry) => command));

/** Ids by which the design names commands: other people rely on them. */
const NAMED =
  'submitPrompt submitSelection submitWithOptions submitFile cancel kill retry setPriority showOutput openLog copyId pauseQueue resumeQueue stopAll clearFinished resetCircuit showCircuit setDailyBudget showBudget runSampleLoops'.split(
    ' ',
  );

describe('package.json', () => {
  it('has the commands of the design, all in one category with a title', () => {
    for (const id of NAMED) assert.ok(commands.has(`loopSupervisor.${id}`), id);
    for (const { title, category } of contributes.commands) assert.ok(title && category === 'Loop Supervisor', title);
  });

  it('puts only commands that exist into menus, key bindings, welcome views and the walkthrough', () => {
    const menus = Object.values<MenuEntry[]>(contributes.menus)
      .flat()
      .filter(({ command }) => command !== undefined);
    const links = JSON.stringify([contributes.viewsWelcome, contributes.walkthroughs]).matchAll(
      /(?:command|onCommand):([\w.-]+)/g,
    );
    const used = [...menus, ...contributes.keybindings]
      .map(({ command }: MenuEntry) => command)
      .concat([...links].map((match) => match[1] ?? ''));
    for (const command of used) assert.ok(commands.has(command) || !command.startsWith('loopSupervisor.'), command);
  });

  it('every inline action of a row can be reached by keyboard, from the context menu or the view title', () => {
    const entries: (MenuEntry & { group?: string })[] = contributes.menus['view/item/context'];
    const inline = entries.filter(({ group }) => group?.startsWith('inline')).map(({ command }) => command);
    const reachable = new Set(
      [
        ...entries.filter(({ group }) => !group?.startsWith('inline')),
        ...contributes.menus['view/title'],
        ...contributes.menus['loopSupervisor.finished'],
      ].map(({ command }: MenuEntry) => command),
    );
    assert.deepEqual(
      inline.filter((command) => !reachable.has(command)),
      [],
    );
  });

  it('names only existing files', () => {
    const files = JSON.stringify(contributes).match(/media\/[\w./-]+/g) ?? [];
    for (const file of [...files, manifest.icon]) assert.ok(existsSync(new URL(file, root)), file);
  });

  it('has a picture in each step of the walkthrough, which says in words what it shows', () => {
    const [{ steps }] = contributes.walkthroughs;
    for (const { id, media } of steps) {
      const svg =
        media.svg ??
        `media/walkthrough/${/\]\((\w+\.svg)\)/.exec(readFileSync(new URL(media.markdown, root), 'utf8'))?.[1]}`;
      // VS Code keeps the `altText` of such a picture to itself, so the picture has to hold its own.
      const label = /^<svg role="img" aria-label="([^"]+)"/.exec(readFileSync(new URL(svg, root), 'utf8'))?.[1];
      assert.ok(label, id);
      if (media.altText) assert.equal(label, media.altText);
    }
  });

  it('declares every setting that is read, and reads every one it declares', () => {
    const keys = contributes.configuration
      .flatMap(({ properties }: { properties: object }) => Object.keys(properties))
      .map((key: string) => key.replace('loopSupervisor.', ''));
    const sources = ['settingsMapping', 'config']
      .map((name) => readFileSync(new URL(`src/ui/settings/${name}.ts`, root), 'utf8'))
      .join('\n');
    const unread = keys.filter(
      (key: string) =>
        !sources.includes(`'${key}'`) && !sources.includes(`${key}:`) && !key.startsWith('notifications.'),
    );
    assert.deepEqual(unread, []);
  });

  it('opens on startup, runs where the files are, and says why it needs trust and a disk', () => {
    assert.deepEqual(manifest.activationEvents, ['onStartupFinished']);
    assert.deepEqual(manifest.extensionKind, ['workspace']);
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    assert.equal(manifest.capabilities.virtualWorkspaces.supported, false);
    assert.equal(manifest.dependencies, undefined);
  });
});
