// Who is signed in. The ticket lives in a cookie that scripts cannot read (the front sets it);
// the page keeps the CSRF token, which is worthless without that cookie, for reloads of this tab.
// The ticket's copy for renewals stays in memory only; a new tab, which has neither, asks for both
// by the cookie alone.
import { create_store } from '../state/store';
import { ApiError, encode_params, read_error, unreachable } from './client';
import type { Ticket } from './types';

export interface Session {
  user: string;
  csrf: string;
  cap: Record<string, Record<string, number>>;
  expired: boolean;
}

const key = 'posada.session';
const none: Session = { user: '', csrf: '', cap: {}, expired: false };
const renew_every_ms = 15 * 60 * 1000;
const last_key = 'posada.last';
const ticket_life_ms = 2 * 3600 * 1000;

let ticket = '';
let timer: ReturnType<typeof setInterval> | undefined;

function restore(): Session {
  try {
    const saved = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Session | null;
    if (saved?.user && saved.csrf) return { ...none, ...saved, expired: false };
  } catch {
    // Storage may be switched off or hold something else: then one signs in again.
  }
  return none;
}

const store = create_store<Session>(restore());
if (store.get().user) start_renewal();

function keep(next: Session): void {
  try {
    if (next.user) sessionStorage.setItem(key, JSON.stringify(next));
    else sessionStorage.removeItem(key);
  } catch {
    // Without storage the session ends with the tab's next reload; nothing else is lost.
  }
  store.set(next);
}

// Who was signed in last and how long the cookie is good, so that a new tab does not bother the
// server with a ticket that is out of date.
interface Last {
  user: string;
  until: number;
}

function note_last(user: string): void {
  try {
    if (user) {
      const last: Last = { user, until: Date.now() + ticket_life_ms };
      localStorage.setItem(last_key, JSON.stringify(last));
    } else localStorage.removeItem(last_key);
  } catch {
    // A new tab then asks for the password.
  }
}

function accept(answer: Ticket): void {
  ticket = answer.ticket;
  note_last(answer.username);
  keep({
    user: answer.username,
    csrf: answer.CSRFPreventionToken,
    cap: answer.cap ?? {},
    expired: false,
  });
  start_renewal();
}

async function ask_ticket(params: Record<string, string | undefined>): Promise<Ticket> {
  let response: Response;
  try {
    response = await fetch('/api2/json/access/ticket', {
      method: 'POST',
      headers: { 'X-Posada-Page': '1', CSRFPreventionToken: store.get().csrf },
      credentials: 'same-origin',
      body: encode_params(params),
    });
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw await read_error(response);
  return ((await response.json()) as { data: Ticket }).data;
}

export interface SecondFactor {
  username: string;
  challenge: string;
}

// Returns the challenge when a second factor is wanted, nothing when signed in.
export async function sign_in(
  username: string,
  realm: string,
  password: string,
): Promise<SecondFactor | undefined> {
  const name = username.includes('@') ? username : `${username}@${realm}`;
  const answer = await ask_ticket({ username: name, password });
  if (answer.NeedTFA) return { username: name, challenge: answer.ticket };
  accept(answer);
  return undefined;
}

export async function sign_in_second(factor: SecondFactor, code: string): Promise<void> {
  const kind = /^\d{6,8}$/.test(code) ? 'totp' : 'recovery';
  accept(
    await ask_ticket({
      username: factor.username,
      password: `${kind}:${code}`,
      'tfa-challenge': factor.challenge,
    }),
  );
}

async function renew(): Promise<void> {
  const { user } = store.get();
  if (!user) return;
  try {
    // After a reload only the cookie has the ticket: the front puts it in where none is given.
    accept(await ask_ticket({ username: user, password: ticket || undefined }));
  } catch (error) {
    if (ticket && error instanceof ApiError && error.status === 401) session.expire();
    // Otherwise the node is away for now; the next turn tries again while the ticket is good.
  }
}

// Carries a session of another tab on in this one.
export async function resume(): Promise<void> {
  if (store.get().user) return;
  try {
    const last = JSON.parse(localStorage.getItem(last_key) ?? 'null') as Last | null;
    if (last && last.until > Date.now()) accept(await ask_ticket({ username: last.user }));
  } catch {
    note_last('');
  }
}

function start_renewal(): void {
  clearInterval(timer);
  timer = setInterval(() => void renew(), renew_every_ms);
}

export async function sign_out(): Promise<void> {
  clearInterval(timer);
  const { csrf } = store.get();
  ticket = '';
  keep(none);
  note_last('');
  await fetch('/api2/json/access/ticket', {
    method: 'DELETE',
    headers: { 'X-Posada-Page': '1', CSRFPreventionToken: csrf },
    credentials: 'same-origin',
  }).catch(() => undefined);
}

export const session = {
  get: store.get,
  subscribe: store.subscribe,
  expire(): void {
    clearInterval(timer);
    ticket = '';
    note_last('');
    keep({ ...none, expired: true });
  },
};
