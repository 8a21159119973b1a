/**
 * An attempt at a quiz. What the learner enters is written into a journal in this browser, sent at once, and taken out of the journal
 * when the server has confirmed it. Questions change without loading, so that going on works without a connection.
 */
import { fillIn, isAnswered, prepareOrder, responseOf } from './exam/answers';
import { isNumber } from './exam/numbers';
import { newKey, openJournal } from '../../ui/client/offline/journal';
import { clock, timeMark, timeOfDay } from '../../ui/client/parts/time';
import { Sender, type Answered, type Operation, type Trouble } from './exam/sender';

const TYPING_PAUSE = 600; // milliseconds
const GRACE = 6; // seconds after the deadline before the result is asked for

/** What the learner asked for and the server has to do, as soon as everything is sent. */
interface Wanted {
  words: string;
  go: () => void;
}

const root = document.querySelector<HTMLElement>('[data-exam]');
if (root) void begin(root);

async function begin(root: HTMLElement): Promise<void> {
  const data = root.dataset;
  const find = <T extends HTMLElement>(selector: string): T | null => document.querySelector<T>(selector);
  const part = (parent: ParentNode | null, name: string): HTMLElement | null => parent?.querySelector(`[data-part=${name}]`) ?? null;
  const say = (name: string, values: Record<string, string | number> = {}): string =>
    (data[`say${name}`] ?? '').replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ''));
  const announce = (text: string): void => {
    const region = find('[data-announce]');
    if (region) region.textContent = text;
  };

  const forms = [...document.querySelectorAll<HTMLFormElement>('form[data-question]')];
  const band = find('[data-band]');
  const saved = find('[data-saved]');
  const unsentSign = find('[data-unsent]');
  const refusedSign = find('[data-refused]');
  const clientId = newKey();
  const typing = new Map<HTMLFormElement, number>();
  const last = new Map<HTMLFormElement, string>();
  const refused = new Set<number>(); // questions whose latest answer was not taken
  let sequence = 0;
  let unsent = 0;
  let trouble: Trouble | null = null;
  let wanted: Wanted | null = null;
  let lostAt = '';
  let lastEntry = Number(data['lastEntry']);
  let isOver = false;
  let serverAhead = Number(data['now']) * 1000 - Date.now();

  const formOf = (question: number): HTMLFormElement | undefined => forms.find((form) => form.dataset['question'] === String(question));

  // What the learner sees of saving.

  const showBand = (): void => {
    if (!band) return;
    const kept = wanted?.words ?? (unsent ? say('Kept', { n: unsent }) : say('NoneKept'));
    const running = data['deadlineTime'] && !isOver ? say('Clock', { time: data['deadlineTime'] }) : '';
    const texts: Record<Trouble, [string, string]> = {
      offline: [say('Lost', { time: lostAt }), `${kept} ${running}`],
      busy: [say('Busy'), `${kept} ${running}`],
      'signed-out': [say('SignedOut'), `${say('SignIn', { n: unsent })} ${running}`],
      refused: [say('Refused', { n: unsent }), say('KeepCopy')],
    };
    const [title, text] = trouble ? texts[trouble] : isOver ? [say('Over'), say('OverText')] : ['', ''];
    band.hidden = !title;
    const set = (name: string, value: string): void => {
      const element = part(band, name);
      if (element && element.textContent !== value) element.textContent = value;
    };
    set('title', title);
    set('text', text);
    const signIn = part(band, 'sign-in');
    const download = part(band, 'download');
    if (signIn) signIn.hidden = trouble !== 'signed-out';
    if (download) download.hidden = !(unsent && (trouble === 'refused' || trouble === 'signed-out' || (trouble && isOver)));
  };

  const showUnsent = (count: number): void => {
    unsent = count;
    const visible = count > 0 && trouble !== null;
    if (unsentSign) {
      unsentSign.hidden = !visible || refused.size > 0; // the band tells it as well
      const text = part(unsentSign, 'text');
      if (text) text.textContent = say('Unsent', { n: count });
    }
    if (refusedSign) {
      refusedSign.hidden = refused.size === 0;
      const text = part(refusedSign, 'text');
      const words = say('NotTaken', { q: [...refused].sort((a, b) => a - b).join(', ') });
      if (text && refused.size && text.textContent !== words) text.textContent = words;
    }
    if (saved) saved.hidden = visible || refused.size > 0;
    showBand();
    if (wanted && trouble === null && count === 0) {
      const { go } = wanted;
      wanted = null;
      go();
    }
  };

  /** Remember what the server has to do, and say that it waits. Whoever goes on with a question has thought better of it. */
  const want = (next: Wanted | null): void => {
    if (wanted === next) return;
    wanted = next;
    showBand();
  };

  const showError = (form: HTMLFormElement | undefined, message: string): void => {
    const error = part(form ?? null, 'error');
    const text = part(form ?? null, 'error-text');
    if (!error || !text) return;
    // A message that no longer holds keeps its room: the buttons below must not move away from the finger that leaves the field.
    error.classList.toggle('is-over', !message);
    if (!message) return;
    text.textContent = message;
    error.hidden = false;
  };

  /** An answer that was not taken is told at its question and, wherever the learner is, in the bar. */
  const refuse = (question: number, message: string): void => {
    const form = formOf(question);
    refused.add(question);
    showError(form, message);
    if (form) showSign(form, 'ans', false);
    showUnsent(unsent);
  };
  const take = (question: number): void => {
    showError(formOf(question), '');
    if (refused.delete(question)) showUnsent(unsent);
  };

  const showAnswered = (answers: Answered[]): void => {
    let isLate = false;
    for (const { operation, entry, time, late, error, message } of answers) {
      const form = formOf(operation.question);
      lastEntry = Math.max(lastEntry, entry ?? 0);
      const isAnswer = 'response' in operation;
      if (isAnswer && error) refuse(operation.question, message ?? '');
      else if (isAnswer && (!form || last.get(form) === JSON.stringify(operation.response))) take(operation.question);
      if (late && isAnswer) {
        isLate = true;
        const sign = part(form ?? null, 'late');
        if (sign) sign.hidden = false;
        announce(say('Late', { q: operation.question }));
      } else if (time) {
        const text = part(saved, 'text');
        if (text) text.textContent = say('Saved', { time: time.replace('.', timeMark) });
      }
    }
    if (isLate && 'closed' in data) location.reload();
  };

  const journal = await openJournal<Operation>(`kuis:${data['exam'] ?? ''}`);
  const sender = new Sender(journal, data['save'] ?? '', data['state'] ?? '', data['csrf'] ?? '', {
    answered: showAnswered,
    unsent: showUnsent,
    trouble: (now) => {
      if (now === 'offline') lostAt = timeOfDay(new Date());
      const isBack = trouble !== null && now === null;
      trouble = now;
      showUnsent(unsent);
      if (isBack) void compare();
    },
  });

  // Entering.

  const enter = (form: HTMLFormElement, content: Pick<Operation, 'response'> | Pick<Operation, 'doubtful'>): void => {
    unsent = Math.max(unsent, 1);
    const question = Number(form.dataset['question']);
    void sender.enter({ client_id: clientId, sequence: ++sequence, question, ...content, answered_at: Date.now() });
  };

  const enterAnswer = (form: HTMLFormElement): void => {
    clearTimeout(typing.get(form));
    typing.delete(form);
    const response = responseOf(form);
    const text = JSON.stringify(response);
    if (last.get(form) === text) return;
    last.set(form, text);
    const question = Number(form.dataset['question']);
    if (form.dataset['type'] === 'numerical' && typeof response === 'string' && !isNumber(response)) {
      refuse(question, say('NotANumber'));
      return;
    }
    showSign(form, 'ans', isAnswered(response));
    take(question);
    enter(form, { response });
  };

  const showSign = (form: HTMLFormElement, sign: 'ans' | 'flag', on: boolean): void => {
    const link = find(`[data-go="${form.dataset['question']}"]`);
    link?.classList.toggle(sign, on);
    const words = part(link, sign);
    if (words) words.hidden = !on;
  };

  for (const operation of await sender.waiting()) {
    const form = formOf(operation.question);
    if (!form) continue;
    if ('response' in operation) {
      fillIn(form, operation.response);
      showSign(form, 'ans', isAnswered(operation.response));
    } else {
      const doubt = form.querySelector<HTMLInputElement>('[name=ragu]');
      if (doubt) doubt.checked = Boolean(operation.doubtful);
      showSign(form, 'flag', Boolean(operation.doubtful));
    }
  }

  for (const form of forms) {
    prepareOrder(form, (place) => {
      enterAnswer(form);
      announce(say('Moved', { n: place }));
    });
    last.set(form, JSON.stringify(responseOf(form)));
    if (part(form, 'error')?.hidden === false) refused.add(Number(form.dataset['question']));
    form.addEventListener('change', (event) => {
      const field = event.target as HTMLInputElement;
      if (field.name === 'ragu') {
        showSign(form, 'flag', field.checked);
        enter(form, { doubtful: field.checked });
      } else if (form.dataset['type'] !== 'ordering') enterAnswer(form);
    });
    form.addEventListener('input', (event) => {
      want(null);
      if ((event.target as HTMLInputElement).type !== 'text') return;
      clearTimeout(typing.get(form));
      typing.set(form, window.setTimeout(() => enterAnswer(form), TYPING_PAUSE));
    });
    form.addEventListener('submit', (event) => {
      const button = event.submitter as HTMLButtonElement | null;
      if (typing.has(form)) enterAnswer(form);
      if (button && 'check' in button.dataset && trouble === null) return;
      event.preventDefault();
      if (button && 'check' in button.dataset) want({ words: say('WaitCheck'), go: () => form.requestSubmit(button) });
      if (!button || 'check' in button.dataset || 'default' in button.dataset) void sender.flush();
      else if (button.value === 'kumpulkan') void leaveTo(data['overview'] ?? '');
      else show(Number(button.value), true);
    });
  }

  // Going from question to question.

  const show = (question: number, isNew: boolean): void => {
    const next = formOf(question);
    if (!next) return;
    want(null);
    for (const form of forms) {
      if (!form.hidden && typing.has(form)) enterAnswer(form);
      form.hidden = form !== next;
    }
    for (const link of document.querySelectorAll<HTMLElement>('[data-go]')) {
      if (link.dataset['go'] === String(question)) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
    const heading = part(next, 'heading');
    document.title = document.title.replace(/\d+(?=\D*$)/, String(question));
    if (isNew) {
      history.pushState(null, '', find<HTMLAnchorElement>(`[data-go="${question}"]`)?.href);
      scrollTo(0, 0);
      heading?.focus({ preventScroll: true });
    }
  };

  /** Leave for another page when everything is sent; while it cannot be, stay and say what waits, or (`whatever`) let the browser ask. */
  const leaveTo = async (address: string, whatever = false): Promise<void> => {
    for (const form of typing.keys()) enterAnswer(form);
    await Promise.race([settle(), new Promise((resolve) => setTimeout(resolve, 3000))]);
    const go = (): void => location.assign(address);
    if (trouble === null || whatever) go();
    else want({ words: say('WaitReview'), go });
  };
  const settle = async (): Promise<void> => {
    do await sender.flush();
    while (trouble === null && !(await sender.isEmpty()));
  };

  if (forms.length) {
    document.addEventListener('click', (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      const link = (event.target as Element).closest<HTMLAnchorElement>('[data-go], [data-overview-link], .exam-bar a');
      if (!link) return;
      event.preventDefault();
      if (link.dataset['go']) show(Number(link.dataset['go']), true);
      else void leaveTo(link.href, !('overviewLink' in link.dataset));
    });
    addEventListener('popstate', () => show(Number(location.pathname.split('/').pop()), false));
  }

  // Submitting: never before everything is sent.

  const submission = find<HTMLFormElement>('[data-submission]');
  let isReady = false;
  submission?.addEventListener('submit', (event) => {
    if (isReady) return;
    event.preventDefault();
    void settle().then(async () => {
      const wait = find('[data-part=wait]');
      isReady = await sender.isEmpty();
      if (wait) {
        wait.hidden = isReady;
        wait.textContent = isReady ? '' : say('Wait');
      }
      if (isReady) submission.requestSubmit(event.submitter);
    });
  });

  // The clock of the server.

  const deadline = Number(data['deadline']) * 1000;
  const timer = find('[data-timer] b');
  const tick = (): void => {
    const left = Math.ceil((deadline - Date.now() - serverAhead) / 1000);
    const text = clock(left);
    if (timer && timer.textContent !== text) timer.textContent = text;
    if (left === 300 || left === 60) announce(say('Minutes', { n: left / 60 }));
    if (left <= 0 && !isOver) {
      isOver = true;
      for (const form of typing.keys()) enterAnswer(form);
      showBand();
      void sender.flush();
    }
    if (left <= -GRACE && trouble === null && unsent === 0) {
      clearInterval(ticking);
      location.assign(data['result'] ?? '');
    }
  };
  const ticking = data['deadline'] ? window.setInterval(tick, 500) : 0;
  if (data['deadline']) tick();

  // Coming back: to the network, to this tab, from another device.

  const compare = async (): Promise<void> => {
    if (unsent || typing.size || 'closed' in data) return;
    const state = await sender.ask();
    if (!state) return;
    serverAhead = Date.parse(state.now) - Date.now();
    if (state.state !== 'OPEN') location.assign(data['result'] ?? '');
    else if (state.last_entry > lastEntry && !unsent && !typing.size) {
      announce(say('Elsewhere'));
      location.reload();
    }
  };
  const comeBack = (): void => {
    if (document.visibilityState === 'hidden') {
      for (const form of [...typing.keys()]) enterAnswer(form);
      return;
    }
    void sender.flush().then(compare);
  };
  document.addEventListener('visibilitychange', comeBack);
  addEventListener('online', () => void sender.flush());
  addEventListener('offline', () => sender.lose());
  addEventListener('pageshow', (event) => {
    if (event.persisted) comeBack();
  });
  addEventListener('beforeunload', (event) => {
    const hasTyped = typing.size > 0;
    for (const form of [...typing.keys()]) enterAnswer(form);
    if (unsent && (trouble !== null || hasTyped)) event.preventDefault();
  });

  part(band, 'download')?.addEventListener('click', () => {
    void sender.waiting().then((waiting) => {
      const content = JSON.stringify({ attempt: data['exam'], page: location.href, written_at: new Date().toISOString(), answers: waiting }, null, 2);
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([content], { type: 'application/json' }));
      link.download = `jawaban-${data['exam']}.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  });

  await sender.flush();
}
