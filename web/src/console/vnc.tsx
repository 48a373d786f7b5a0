// The guest's screen through noVNC.
import RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'react';
import type { GuestRef } from '../api/types';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { Menu } from '../kit/menu';
import { read_clipboard } from './clipboard';
import { ask_vnc, type Phase } from './connect';
import { ConsoleFrame } from './frame';

const keysym = { control: 0xffe3, alt: 0xffe9, tab: 0xff09, f1: 0xffbe } as const;

export default function VncConsole({
  guest,
  switcher,
}: {
  guest: GuestRef;
  switcher: React.ReactNode;
}) {
  const t = use_t();
  const host = useRef<HTMLDivElement>(null);
  const rfb = useRef<RFB>(undefined);
  const [phase, set_phase] = useState<Phase>({ name: 'connecting' });
  const [turn, set_turn] = useState(0);
  const { kind, vmid, node } = guest;
  useEffect(() => {
    let gone = false;
    set_phase({ name: 'connecting' });
    const open = async () => {
      const link = await ask_vnc({ kind, vmid, node });
      if (gone || !host.current) return;
      const screen = new RFB(host.current, link.url, {
        credentials: { password: link.password },
        wsProtocols: ['binary'],
      });
      screen.scaleViewport = true;
      screen.background = '#05080e';
      screen.addEventListener('connect', () => {
        set_phase({ name: 'open' });
        screen.focus();
      });
      screen.addEventListener('disconnect', () => !gone && set_phase({ name: 'closed' }));
      screen.addEventListener('securityfailure', () => screen.disconnect());
      rfb.current = screen;
    };
    open().catch((error: unknown) => !gone && set_phase({ name: 'failed', error }));
    return () => {
      gone = true;
      rfb.current?.disconnect();
      rfb.current = undefined;
    };
  }, [kind, vmid, node, turn]);
  const chord = (name: number, letter: string) => {
    const screen = rfb.current;
    if (!screen) return;
    screen.sendKey(keysym.control, 'ControlLeft', true);
    screen.sendKey(keysym.alt, 'AltLeft', true);
    screen.sendKey(name, letter);
    screen.sendKey(keysym.alt, 'AltLeft', false);
    screen.sendKey(keysym.control, 'ControlLeft', false);
    screen.focus();
  };
  const terminals = [1, 2, 3].map((number) => ({
    text: `Ctrl+Alt+F${number}`,
    onChoose: () => chord(keysym.f1 + number - 1, `F${number}`),
  }));
  return (
    <ConsoleFrame
      phase={phase}
      onRetry={() => set_turn(turn + 1)}
      bar={
        <>
          {switcher}
          <span className="grow" />
          <Button
            small
            icon="keyboard"
            disabled={phase.name !== 'open'}
            onClick={() => {
              rfb.current?.sendCtrlAltDel();
              rfb.current?.focus();
            }}
          >
            Ctrl+Alt+Del
          </Button>
          <Menu
            name={t('console.keys')}
            icon="down"
            disabled={phase.name !== 'open'}
            items={[
              ...terminals,
              {
                text: 'Tab',
                onChoose: () => rfb.current?.sendKey(keysym.tab, 'Tab'),
              },
              {
                text: t('console.paste'),
                onChoose: () => void paste(rfb.current),
              },
            ]}
          />
        </>
      }
    >
      <div ref={host} data-console="vnc" />
    </ConsoleFrame>
  );
}

// Types the clipboard's text key by key: works where the guest has no clipboard of its own.
async function paste(screen: RFB | undefined): Promise<void> {
  const text = await read_clipboard();
  for (const letter of text) {
    const code = letter === '\n' ? 0xff0d : (letter.codePointAt(0) ?? 0);
    screen?.sendKey(code > 0xff && letter !== '\n' ? 0x1000000 + code : code, '');
  }
  screen?.focus();
}
