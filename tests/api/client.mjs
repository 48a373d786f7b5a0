// One HTTP exchange with a server of this API, and the identities it is made with.
// Owned by run.mjs. Every request is its own connection and fails after a deadline.

import https from 'node:https';

const REQUEST_SECONDS = 20;

/** Sends a request; resolves to {status, reason, headers, text, json}. Rejects when it hangs. */
export function send(base, method, path, headers, body) {
  const url = new URL(base);
  const options = {
    host: url.hostname,
    port: url.port || 8006,
    method,
    path: `/api2${path}`,
    headers,
    rejectUnauthorized: false,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const request = https.request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(timer);
        const text = Buffer.concat(chunks).toString('utf8');
        let json;
        try {
          json = JSON.parse(text);
        } catch {
          json = undefined;
        }
        resolve({
          status: response.statusCode, reason: response.statusMessage, headers: response.headers,
          text, json,
        });
      });
    });
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer after ${REQUEST_SECONDS} s: ${method} ${path}`));
    }, REQUEST_SECONDS * 1000);
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    if (body !== undefined) request.write(body);
    request.end();
  });
}

/** `a=1&b=2` with everything unusual escaped, also the quote and the star. */
export function encode(parameters) {
  return parameters
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

/** Who asks: nobody, a token, or a user with a ticket. */
export class Identity {
  constructor(headers, csrf) {
    this.headers_ = headers;
    this.csrf_ = csrf;
  }

  static nobody() {
    return new Identity({}, undefined);
  }

  static token(text) {
    return new Identity({ Authorization: `PVEAPIToken=${text}` }, undefined);
  }

  static async sign_in(base, user, password) {
    const body = encode([['username', user], ['password', password]]);
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const answer = await send(base, 'POST', '/json/access/ticket', headers, body);
    if (answer.status !== 200) {
      throw new Error(`${user} cannot sign in: ${answer.status} ${answer.reason}`);
    }
    const { ticket, CSRFPreventionToken: csrf } = answer.json.data;
    return new Identity({ Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` }, csrf);
  }

  headers(method, with_csrf) {
    if (this.csrf_ === undefined || !with_csrf || method === 'GET') return { ...this.headers_ };
    return { ...this.headers_, CSRFPreventionToken: this.csrf_ };
  }
}
