/** What the server tells: uploads of this person, limits, and the token that each change carries. */
export interface Told {
  id: string;
  address: string;
  name: string;
  size: number;
  offset: number;
  state: 'RECEIVING' | 'FINISHING' | 'DONE' | 'REFUSED';
  code: string | null;
  message: string | null;
  fingerprint: string | null;
  asset_id: number | null;
  home: { title: string; address: string } | null;
  known_before: boolean;
  verified: boolean;
  expires_at: string;
}

export interface Limits {
  largest_bytes: number;
  document_bytes: number;
  picture_bytes: number;
  longest_seconds: number;
  room_bytes: number;
}

export interface Overview {
  uploads: Told[];
  limits: Limits;
}

export interface Refusal {
  status: number;
  code: string;
  message: string;
}

const PATIENCE_MS = 20_000;
export const TUS = { 'Tus-Resumable': '1.0.0', Accept: 'application/json' };

export class Server {
  private token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? '';

  constructor(readonly endpoint: string) {}

  get headers(): Record<string, string> {
    return { Accept: 'application/json', 'X-CSRFToken': this.token };
  }

  /** Null when the server cannot be reached now. A page that stood open for long gets its fresh token here. */
  async look(): Promise<Overview | Refusal | null> {
    const answer = await this.ask<Overview & { csrf_token: string }>(this.endpoint);
    if (answer && 'body' in answer) this.token = answer.body.csrf_token;
    return answer && ('body' in answer ? answer.body : answer.refusal);
  }

  async refusalOf(address: string): Promise<Refusal | null> {
    const answer = await this.ask<Told>(address);
    if (!answer || 'refusal' in answer) return answer && answer.refusal;
    const told = answer.body;
    return told.state === 'REFUSED' ? { status: 422, code: told.code ?? '', message: told.message ?? '' } : null;
  }

  async remove(address: string): Promise<boolean> {
    for (const attempt of [1, 2]) {
      try {
        const answer = await fetch(address, { method: 'DELETE', headers: { ...TUS, ...this.headers }, signal: AbortSignal.timeout(PATIENCE_MS) });
        if (answer.ok || answer.status === 404 || answer.status === 410) return true;
        if (attempt === 2 || answer.status !== 400) return false;
        await this.look();
      } catch {
        return false;
      }
    }
    return false;
  }

  private async ask<Body>(address: string): Promise<{ body: Body } | { refusal: Refusal } | null> {
    try {
      const answer = await fetch(address, { headers: this.headers, signal: AbortSignal.timeout(PATIENCE_MS) });
      return answer.ok ? { body: (await answer.json()) as Body } : { refusal: refusal(answer.status, await answer.text()) };
    } catch {
      return null;
    }
  }
}

/** The reason in an answer of the server; one without words has an empty message. */
export function refusal(status: number, body: string): Refusal {
  try {
    const said = JSON.parse(body) as { error?: string; message?: string };
    return { status, code: said.error ?? '', message: said.message ?? '' };
  } catch {
    return { status, code: '', message: '' };
  }
}
