// A console's ticket and the address of its socket.
import { post } from '../api/client';
import { guest_path } from '../api/guests';
import type { GuestRef } from '../api/types';

interface Proxy {
  port: string | number;
  ticket: string;
  user: string;
  password?: string;
}

export interface ConsoleLink {
  url: string;
  user: string;
  ticket: string;
  password: string;
}

export type Phase =
  | { name: 'connecting' }
  | { name: 'open' }
  | { name: 'closed' }
  | { name: 'failed'; error: unknown };

function link(base: string, proxy: Proxy): ConsoleLink {
  const query = new URLSearchParams({ port: String(proxy.port), vncticket: proxy.ticket });
  return {
    url: `wss://${location.host}/api2/json${base}/vncwebsocket?${query}`.replace(
      /^wss:/,
      location.protocol === 'https:' ? 'wss:' : 'ws:',
    ),
    user: proxy.user,
    ticket: proxy.ticket,
    // VNC passwords are eight letters; without one of its own the ticket's first eight serve.
    password: proxy.password ?? proxy.ticket.slice(0, 8),
  };
}

export async function ask_vnc(guest: GuestRef): Promise<ConsoleLink> {
  const base = guest_path(guest);
  return link(base, await post<Proxy>(`${base}/vncproxy`, { websocket: 1 }));
}

export async function ask_terminal(guest: GuestRef, serial?: string): Promise<ConsoleLink> {
  const base = guest_path(guest);
  return link(base, await post<Proxy>(`${base}/termproxy`, { serial }));
}
