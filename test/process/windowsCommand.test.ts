import assert from 'node:assert/strict';
import { findOnWindows, windowsCommand } from '../../src/windows/windowsCommand.ts';

const SHIM = `@ECHO off
SETLOCAL
CALL :find_dp0
IF EXIST "%dp0%\\node.exe" (
  SET "_prog=%dp0%\\node.exe"
) ELSE (
  SET "_prog=node"
)
endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & "%_prog%"  "%dp0%\\node_modules\\@anthropic-ai\\claude-code\\cli.js" %*
`;

/** As npm makes it for a package whose program needs no Node. */
const OF_A_PROGRAM = `@ECHO off
CALL :find_dp0
"%dp0%\\node_modules\\opencode-ai\\bin\\opencode.exe"   %*
`;

/** As it comes with Node. */
const NPX = `:: Created by npm, please don't edit manually.
@ECHO OFF
SET "NPM_PREFIX_JS=%~dp0\\node_modules\\npm\\bin\\npm-prefix.js"
SET "NPX_CLI_JS=%~dp0\\node_modules\\npm\\bin\\npx-cli.js"
FOR /F "delims=" %%F IN ('CALL "%NODE_EXE%" "%NPM_PREFIX_JS%"') DO (
  SET "NPM_PREFIX_NPX_CLI_JS=%%F\\node_modules\\npm\\bin\\npx-cli.js"
)
IF EXIST "%NPM_PREFIX_NPX_CLI_JS%" (
  SET "NPX_CLI_JS=%NPM_PREFIX_NPX_CLI_JS%"
)

"%NODE_EXE%" "%NPX_CLI_JS%" %*
`;

/** A disk of Windows, whose paths have no case. */
const disk: Record<string, string> = {
  'c:\\npm\\claude.cmd': SHIM,
  'c:\\npm\\codex-acp.cmd': SHIM.replace(
    '@anthropic-ai\\claude-code\\cli.js',
    '@zed-industries\\codex-acp\\bin\\codex-acp.js',
  ),
  'c:\\npm\\opencode.cmd': OF_A_PROGRAM.replaceAll('\n', '\r\n'),
  'c:\\node\\npx.cmd': NPX.replaceAll('\n', '\r\n'),
  'c:\\npm\\own.bat': '@echo %*',
  'c:\\node\\node.exe': '',
  'c:\\tools\\agent.exe': '',
};
const files = {
  isFile: (path: string) => path.toLowerCase() in disk,
  read: (path: string) => disk[path.toLowerCase()] ?? '',
};
const environment = {
  Path: 'C:\\tools;"C:\\npm";C:\\node',
  PATHEXT: '.COM;.EXE;.BAT;.CMD',
  ComSpec: 'C:\\msys64\\usr\\bin\\bash.exe',
  SystemRoot: 'C:\\elsewhere',
};

describe('R7.7 Commands on Windows', () => {
  it('R7.7 are found on PATH with the extensions of PATHEXT', () => {
    assert.equal(findOnWindows('agent', environment, files), 'C:\\tools\\agent.EXE');
    assert.equal(findOnWindows('claude', environment, files), 'C:\\npm\\claude.CMD');
    assert.equal(findOnWindows('CLAUDE.CMD', environment, files), 'C:\\npm\\CLAUDE.CMD');
    assert.equal(findOnWindows('C:\\tools\\agent', environment, files), 'C:\\tools\\agent.EXE');
    assert.equal(findOnWindows('nothing', environment, files), undefined);
  });

  it('R7.7 a program is started as it is', () => {
    assert.deepEqual(windowsCommand('agent', ['a b', '%PATH%'], environment, files), {
      command: 'C:\\tools\\agent.EXE',
      args: ['a b', '%PATH%'],
      verbatim: false,
    });
    assert.deepEqual(windowsCommand('nothing', ['x'], environment, files), {
      command: 'nothing',
      args: ['x'],
      verbatim: false,
    });
  });

  it('R1.4 of a batch file that npm has made, the script is started, through no shell', () => {
    assert.deepEqual(windowsCommand('claude', ['-p', '& calc %PATH% "'], environment, files), {
      command: 'C:\\node\\node.EXE',
      args: ['C:\\npm\\node_modules\\@anthropic-ai\\claude-code\\cli.js', '-p', '& calc %PATH% "'],
      verbatim: false,
    });
  });

  it('R1.4 so are adapters of the Agent Client Protocol, programs that need no Node, and npx', () => {
    const started = (command: string, ...args: string[]) => {
      const real = windowsCommand(command, args, environment, files);
      assert.equal(real.verbatim, false);
      return [real.command, ...real.args];
    };
    assert.deepEqual(started('codex-acp', '-c', 'model="x & y"'), [
      'C:\\node\\node.EXE',
      'C:\\npm\\node_modules\\@zed-industries\\codex-acp\\bin\\codex-acp.js',
      '-c',
      'model="x & y"',
    ]);
    assert.deepEqual(started('opencode', 'acp'), ['C:\\npm\\node_modules\\opencode-ai\\bin\\opencode.exe', 'acp']);
    assert.deepEqual(started('npx', '-y', '@zed-industries/codex-acp@^0.16 %PATH%'), [
      'C:\\node\\node.EXE',
      'C:\\node\\node_modules\\npm\\bin\\npx-cli.js',
      '-y',
      '@zed-industries/codex-acp@^0.16 %PATH%',
    ]);
  });

  it("R1.4 R7.7 any other batch file goes through the system's cmd.exe, whatever ComSpec says, and all that the command interpreter knows is escaped", () => {
    const { command, args, verbatim } = windowsCommand(
      'own',
      ['plain', 'a b', '& calc', '%PATH%', 'say "hi"\\'],
      environment,
      files,
      { SYSTEMROOT: 'D:\\Windows' },
    );
    assert.deepEqual(
      [command, verbatim, ...args.slice(0, 3)],
      ['D:\\Windows\\System32\\cmd.exe', true, '/d', '/s', '/c'],
    );
    const line = args[3] as string;
    assert.ok(line.startsWith('"C:\\npm\\own.BAT ') && line.endsWith('"'), line);
    // Nothing that would end a word, begin a command or name a variable stands alone: its caret is there for each of
    // the two readings.
    assert.doesNotMatch(line.slice(1, -1).replace(/\^+./g, ''), /[%&|<>"!]/);
    assert.ok(line.includes('^^^&^^^ calc'), line);
    assert.ok(line.includes('^^^%PATH^^^%'), line);
  });
});
