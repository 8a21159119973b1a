// One way to send JSON to the server: with the form's token; on leaving the page the browser finishes it.
export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

const PATIENCE_MS = 20_000;

/** Null when the server could not be reached. A page that was open while its session changed gets a fresh token once. */
export async function send(url: string, body: unknown, leaving = false, method = 'POST'): Promise<Answer | null> {
  const answer = await once(url, body, leaving, method);
  if (answer?.body.error !== 'stale_form' || leaving || !(await renewToken())) return answer;
  return once(url, body, leaving, method);
}

/** Whether an answer says "later": nothing heard, signed out, too much, or a server in trouble. Any other is final. */
export function isLater(answer: Answer | null): boolean {
  return answer === null || answer.status === 401 || answer.status === 429 || answer.status >= 500 || answer.body.error === 'stale_form';
}

async function once(url: string, body: unknown, leaving: boolean, method: string): Promise<Answer | null> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? '';
  try {
    const response = await fetch(url, {
      method,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': token },
      body: JSON.stringify(body),
      keepalive: leaving,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const isJson = (response.headers.get('Content-Type') ?? '').includes('json');
    return { status: response.status, body: isJson ? ((await response.json()) as Record<string, unknown>) : {} };
  } catch {
    return null;
  }
}

async function renewToken(): Promise<boolean> {
  const mine = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]');
  try {
    const page = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), 'text/html');
    const token = page.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content;
    if (mine && token) mine.content = token;
    return Boolean(token);
  } catch {
    return false;
  }
}
