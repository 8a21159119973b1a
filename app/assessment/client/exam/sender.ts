/** Sends the journal in its order and says how it went. One tab of a browser at a time; nothing leaves the journal unconfirmed. */
import type { Journal, Kept } from '../../../ui/client/offline/journal';

/** One thing the learner entered. Exactly what the server is sent. */
export interface Operation {
  client_id: string;
  sequence: number;
  question: number;
  response?: unknown;
  doubtful?: boolean;
  answered_at: number;
}

const AT_ONCE = 100;
const PATIENCE = 20_000; // milliseconds for one answer from the server
const PAUSES = [2000, 4000, 8000, 15_000, 30_000];

/** What the server said about one operation. */
export interface Answered {
  operation: Operation;
  entry?: number;
  time?: string;
  late?: boolean;
  error?: string;
  message?: string;
}

export type Trouble = 'offline' | 'busy' | 'signed-out' | 'refused';

export interface State {
  state: string;
  now: string;
  last_entry: number;
  csrf_token: string;
}

export interface Reports {
  answered: (answers: Answered[]) => void;
  /** Called when trouble begins, changes or (null) is over. */
  trouble: (trouble: Trouble | null) => void;
  /** How many questions have something that waits. */
  unsent: (count: number) => void;
}

export class Sender {
  private running: Promise<void> | null = null;
  private again = false;
  private failures = 0;
  private timer = 0;
  private current: Trouble | null = null;

  constructor(
    private readonly journal: Journal<Operation>,
    private readonly save: string,
    private readonly stateAddress: string,
    private token: string,
    private readonly reports: Reports,
  ) {}

  /** Write down, then send. Resolves when it is in the journal. */
  async enter(operation: Operation): Promise<void> {
    await this.journal.add(operation);
    await this.count();
    void this.flush();
  }

  /** Send what waits. Resolves when there is nothing left or there is trouble. */
  flush(): Promise<void> {
    if (this.running) this.again = true;
    this.running ??= this.locked().finally(() => {
      this.running = null;
      if (this.again) {
        this.again = false;
        void this.flush();
      }
    });
    return this.running;
  }

  /** The browser says that the connection is gone. */
  lose(): void {
    this.stumble('offline');
  }

  async isEmpty(): Promise<boolean> {
    return (await this.journal.list()).length === 0;
  }

  async waiting(): Promise<Operation[]> {
    return (await this.journal.list()).map((kept) => kept.operation);
  }

  /** How the attempt stands on the server, and a fresh token. Undefined while there is trouble. */
  async ask(): Promise<State | undefined> {
    const response = await this.request(this.stateAddress, {});
    if (!response?.ok) return undefined;
    const state = (await response.json()) as State;
    this.token = state.csrf_token;
    return state;
  }

  private async locked(): Promise<void> {
    clearTimeout(this.timer);
    if (navigator.locks) await navigator.locks.request(`gurindam-kuis-${this.save}`, () => this.drain());
    else await this.drain();
    await this.count();
  }

  private async drain(): Promise<void> {
    let hasNewToken = false;
    for (;;) {
      if (!navigator.onLine) {
        this.stumble('offline');
        return;
      }
      const kept = (await this.journal.list()).slice(0, AT_ONCE);
      if (!kept.length) {
        if (this.current) this.say(null);
        return;
      }
      const response = await this.request(this.save, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-CSRFToken': this.token },
        body: JSON.stringify(kept.map((item) => item.operation)),
      });
      if (!response) return;
      if (response.ok) {
        await this.confirm(kept, ((await response.json()) as { results: Answered[] }).results);
        continue;
      }
      const refusal = (await response.json().catch(() => ({}))) as { error?: string };
      if (refusal.error === 'stale_form' && !hasNewToken) {
        hasNewToken = true;
        if (await this.ask()) continue;
        return;
      }
      this.stumble('refused');
      return;
    }
  }

  private async confirm(kept: Kept<Operation>[], results: Answered[]): Promise<void> {
    const answers = kept.map((item, place) => ({ ...results[place], operation: item.operation }));
    await this.journal.remove(kept.map((item) => item.id));
    this.failures = 0;
    this.say(null);
    this.reports.answered(answers);
  }

  /** Undefined when the server cannot be reached, is busy, or does not know who this is; that is reported and tried again. */
  private async request(address: string, options: RequestInit): Promise<Response | undefined> {
    try {
      const response = await fetch(address, {
        ...options,
        headers: { Accept: 'application/json', ...options.headers },
        redirect: 'error',
        keepalive: typeof options.body === 'string' && options.body.length < 30_000,
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.status === 401) this.stumble('signed-out');
      else if (response.status === 429 || response.status >= 500) this.stumble('busy');
      else return response;
    } catch {
      this.stumble('offline');
    }
    return undefined;
  }

  private stumble(trouble: Trouble): void {
    this.say(trouble);
    const pause = PAUSES[Math.min(this.failures++, PAUSES.length - 1)] ?? 30_000;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.flush(), trouble === 'refused' ? 60_000 : pause);
  }

  private say(trouble: Trouble | null): void {
    if (trouble === this.current) return;
    this.current = trouble;
    this.reports.trouble(trouble);
  }

  private async count(): Promise<void> {
    this.reports.unsent(new Set((await this.waiting()).map((operation) => operation.question)).size);
  }
}
