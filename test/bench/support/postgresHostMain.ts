import { cycle, hostOn, openBenchStore, SentStatements } from './postgresHost.ts';

// node postgresHostMain.ts ADDRESS ID: a host of its own, which does what its parent asks, one thing after another.
export type AskedOfHost =
  | { readonly do: 'cycle'; readonly count: number; readonly isRecorded: boolean }
  | { readonly do: 'sendAgain'; readonly folder: string; readonly schema: string }
  | { readonly do: 'end' };

const [address = '', id = ''] = process.argv.slice(2);
const sent = new SentStatements();
const store = await sent.of(() => openBenchStore(address));
const supervisor = await hostOn(store, Number(id), [`/folder-${id}`]);

async function answer(asked: AskedOfHost): Promise<void> {
  if (asked.do === 'cycle') {
    sent.isRecording = asked.isRecorded;
    await cycle(supervisor, asked.count);
    sent.isRecording = false;
  } else if (asked.do === 'sendAgain') await sent.sendAgain(asked.folder, asked.schema);
  else {
    await supervisor.release();
    store.close();
    process.disconnect();
    return;
  }
  process.send?.('done');
}

process.on('message', (asked) => void answer(asked as AskedOfHost));
process.send?.('done');
