// A console's ticket and the address of its socket.
import { ask } from '../api/client';
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

export async function ask_vnc({ node, vmid }: GuestRef): Promise<ConsoleLink> {
  const params = { node, vmid, websocket: 1 as const };
  return link(
    `/nodes/${node}/qemu/${vmid}`,
    await ask('POST /nodes/{node}/qemu/{vmid}/vncproxy', params),
  );
}

export async function ask_shell(node: string): Promise<ConsoleLink> {
  return link(`/nodes/${node}`, await ask('POST /nodes/{node}/termproxy', { node }));
}

export async function ask_terminal({ kind, node, vmid }: GuestRef): Promise<ConsoleLink> {
  const proxy: Proxy = await ask(`POST /nodes/{node}/${kind}/{vmid}/termproxy`, { node, vmid });
  return link(`/nodes/${node}/${kind}/${vmid}`, proxy);
}
