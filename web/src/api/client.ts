// The one place that speaks HTTP to the node: envelope, CSRF token, errors.
import { request, type Call, type Parameters } from '../generated/api';
import { session } from './session';

export type Params = Record<string, string | number | boolean | undefined | null | string[]>;
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

interface ErrorBody {
  message?: string;
  errors?: Record<string, string>;
  code?: string;
  args?: Record<string, string | number>;
  hint?: string;
  request?: string;
}

// What a refused or failed call tells: the server's own words, the fields it names, and the
// stable code by which the page says it in the reader's language.
export class ApiError extends Error {
  readonly status: number;
  readonly errors: Record<string, string>;
  readonly code: string | undefined;
  readonly args: Record<string, string | number>;
  readonly hint: string | undefined;
  readonly request: string | undefined;

  constructor(status: number, reason: string, body: ErrorBody) {
    super((body.message ?? '').trim() || reason || `HTTP ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.errors = body.errors ?? {};
    this.code = body.code;
    this.args = body.args ?? {};
    this.hint = body.hint;
    this.request = body.request;
  }
}

export const unreachable = () =>
  new ApiError(0, '', { code: 'page.unreachable', message: 'The node does not answer.' });

export function encode_params(params: Params): URLSearchParams {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue;
    if (Array.isArray(value)) value.forEach((one) => out.append(key, one));
    else if (typeof value === 'boolean') out.set(key, value ? '1' : '0');
    else out.set(key, String(value));
  }
  return out;
}

export async function read_error(response: Response): Promise<ApiError> {
  let body: ErrorBody = {};
  try {
    body = (await response.json()) as ErrorBody;
  } catch {
    // An answer without JSON (a proxy in between, an empty 401) still has its status line.
  }
  return new ApiError(response.status, response.statusText, body);
}

export interface Answer<T> {
  data: T;
  total?: number;
}

export async function call_whole<T>(
  method: Method,
  path: string,
  params: Params = {},
  signal?: AbortSignal,
): Promise<Answer<T>> {
  const encoded = encode_params(params);
  const in_body = method === 'POST' || method === 'PUT';
  const query = !in_body && encoded.size > 0 ? `?${encoded}` : '';
  const headers: Record<string, string> = {};
  const csrf = session.get().csrf;
  if (method !== 'GET' && csrf) headers['CSRFPreventionToken'] = csrf;
  let response: Response;
  try {
    response = await fetch(`/api2/json${path}${query}`, {
      method,
      headers,
      credentials: 'same-origin',
      body: in_body ? encoded : undefined,
      signal,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw unreachable();
  }
  if (!response.ok) {
    const error = await read_error(response);
    if (response.status === 401 && session.get().user) session.expire();
    throw error;
  }
  return (await response.json()) as Answer<T>;
}

type Given<C extends Call> =
  object extends Parameters<C> ? [parameters?: Parameters<C>] : [parameters: Parameters<C>];

// The way all calls go: the name of a method of the API description and its parameters, which
// the compiler checks against that description. Many answers are open there: T is what the page
// reads of this one.
export async function ask_whole<C extends Call, T>(
  name: C,
  ...[parameters]: Given<C>
): Promise<Answer<T>> {
  const [method, path, rest] = request(name, (parameters ?? {}) as Record<string, unknown>);
  return call_whole<T>(method as Method, path, rest as Params);
}

export async function ask<C extends Call, T>(name: C, ...given: Given<C>): Promise<T> {
  return (await ask_whole<C, T>(name, ...given)).data;
}

// What a call that changes something answers: the UPID of its task, or nothing when it is done.
export type Work = Promise<string | null>;

export const segment = encodeURIComponent;
