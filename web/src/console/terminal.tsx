// A text console (serial port of a VM, console of a container, shell of a node) through xterm.js.
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { read_clipboard } from './clipboard';
import type { ConsoleLink, Phase } from './connect';
import { ConsoleFrame } from './frame';

const ping_ms = 30_000;
const encoder = new TextEncoder();

interface Props {
  // A new link for each attempt; the same function as long as it is the same console.
  ask: () => Promise<ConsoleLink>;
  switcher: ReactNode;
}

export default function TerminalConsole({ ask, switcher }: Props) {
  const t = use_t();
  const host = useRef<HTMLDivElement>(null);
  const shown = useRef<Terminal>(undefined);
  const [phase, set_phase] = useState<Phase>({ name: 'connecting' });
  const [turn, set_turn] = useState(0);
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    set_phase({ name: 'connecting' });
    const terminal = new Terminal({
      fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, monospace',
      fontSize: 14,
      scrollback: 5_000,
      theme: { background: '#05080e', foreground: '#dbe6f5', cursor: '#fbbf24' },
      screenReaderMode: true,
    });
    const fit = new FitAddon();
    shown.current = terminal;
    terminal.loadAddon(fit);
    terminal.open(element);
    fit.fit();
    const close = run_terminal(terminal, ask, set_phase);
    const watcher = new ResizeObserver(() => fit.fit());
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      close();
      shown.current = undefined;
      terminal.dispose();
    };
  }, [ask, turn]);
  const paste = async () => {
    const text = await read_clipboard();
    shown.current?.paste(text);
    shown.current?.focus();
  };
  return (
    <ConsoleFrame
      terminal
      phase={phase}
      onRetry={() => set_turn(turn + 1)}
      bar={
        <>
          {switcher}
          <span className="grow" />
          <span className="muted">{t('console.enter_hint')}</span>
          <Button small icon="copy" disabled={phase.name !== 'open'} onClick={() => void paste()}>
            {t('console.paste_short')}
          </Button>
        </>
      }
    >
      <div ref={host} data-console="terminal" />
    </ConsoleFrame>
  );
}

// The wire: "user:ticket\n" first, answered by OK; then 0:LENGTH:DATA for what is typed,
// 1:COLUMNS:ROWS: for the size, 2 to stay alive; what comes back is the console's own bytes.
function run_terminal(
  terminal: Terminal,
  ask: () => Promise<ConsoleLink>,
  set_phase: (phase: Phase) => void,
): () => void {
  let socket: WebSocket | undefined;
  let ready = false;
  let gone = false;
  const send = (text: string) => {
    if (ready && socket?.readyState === WebSocket.OPEN) socket.send(encoder.encode(text));
  };
  const start = (rest: Uint8Array) => {
    ready = true;
    set_phase({ name: 'open' });
    send(`1:${terminal.cols}:${terminal.rows}:`);
    if (rest.length > 0) terminal.write(rest);
    terminal.focus();
  };
  const open = async () => {
    const link = await ask();
    if (gone) return;
    socket = new WebSocket(link.url, 'binary');
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => socket?.send(encoder.encode(`${link.user}:${link.ticket}\n`));
    socket.onmessage = (event) => {
      const data = event.data as ArrayBuffer | string;
      const bytes = typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data);
      if (ready) terminal.write(bytes);
      else if (bytes[0] === 0x4f && bytes[1] === 0x4b) start(bytes.slice(2));
      else socket?.close();
    };
    socket.onclose = () => !gone && set_phase({ name: 'closed' });
  };
  const typed = terminal.onData((text) => send(`0:${encoder.encode(text).length}:${text}`));
  const sized = terminal.onResize(({ cols, rows }) => send(`1:${cols}:${rows}:`));
  const ping = setInterval(() => send('2'), ping_ms);
  open().catch((error: unknown) => !gone && set_phase({ name: 'failed', error }));
  return () => {
    gone = true;
    clearInterval(ping);
    typed.dispose();
    sized.dispose();
    socket?.close();
  };
}
