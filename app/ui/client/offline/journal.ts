/** Where what a person did waits until the server has confirmed it: IndexedDB, else localStorage, else this page's memory. */

export interface Kept<T> {
  id: number;
  operation: T;
}

export interface Journal<T> {
  /** Write down; answers with the entry's id. */
  add(operation: T): Promise<number>;
  /** Write an entry anew. One that was removed meanwhile stays removed. */
  change(id: number, operation: T): Promise<void>;
  /** Everything that waits, oldest first. */
  list(): Promise<Kept<T>[]>;
  remove(ids: number[]): Promise<void>;
}

/** An entry that must not be lost in a power cut is `strict`; one of many small ones, where the last seconds may be, `relaxed`. */
export type Durability = 'strict' | 'relaxed';

const NAME = 'gurindam-jurnal';

/** A name that nobody else makes. */
export function newKey(): string {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('journal'));
  });
}

async function inDatabase<T>(place: string, durability: Durability): Promise<Journal<T>> {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('journal', { keyPath: 'id', autoIncrement: true }).createIndex('place', 'place');
  };
  const database = await settled(opening);
  const run = <R>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => Promise<R>): Promise<R> => {
    const transaction = database.transaction('journal', mode, { durability });
    const result = work(transaction.objectStore('journal'));
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('journal'));
    });
    return Promise.all([result, done]).then(([value]) => value);
  };
  return {
    add: (operation) => run('readwrite', (store) => settled(store.add({ place, operation })) as Promise<number>),
    change: (id, operation) =>
      run('readwrite', async (store) => {
        if (await settled(store.getKey(id))) await settled(store.put({ id, place, operation }));
      }),
    list: () => run('readonly', (store) => settled(store.index('place').getAll(place)) as Promise<Kept<T>[]>),
    remove: (ids) => run('readwrite', async (store) => void (await Promise.all(ids.map((id) => settled(store.delete(id)))))),
  };
}

function inList<T>(read: () => Kept<T>[], write: (kept: Kept<T>[]) => void): Journal<T> {
  let last = 0;
  return {
    add: async (operation) => {
      const kept = read();
      last = Math.max(last, kept.at(-1)?.id ?? 0) + 1;
      write([...kept, { id: last, operation }]);
      return last;
    },
    change: async (id, operation) => write(read().map((item) => (item.id === id ? { id, operation } : item))),
    list: async () => read(),
    remove: async (ids) => write(read().filter((item) => !ids.includes(item.id))),
  };
}

/** What a full disk refuses stays in this page's memory, so that it is at least sent. */
function withSpare<T>(journal: Journal<T>): Journal<T> {
  let spare: Kept<T>[] = [];
  let last = 0;
  return {
    add: async (operation) => {
      try {
        return await journal.add(operation);
      } catch {
        spare = [...spare, { id: --last, operation }];
        return last;
      }
    },
    change: async (id, operation) => {
      if (id > 0) await journal.change(id, operation).catch(() => undefined); // what stands there already is at least sent
      else spare = spare.map((item) => (item.id === id ? { id, operation } : item));
    },
    list: async () => [...(await journal.list()), ...spare],
    remove: async (ids) => {
      spare = spare.filter((item) => !ids.includes(item.id));
      const written = ids.filter((id) => id > 0);
      if (written.length) await journal.remove(written);
    },
  };
}

/** The journal of one purpose in this browser, shared by its tabs. */
export async function openJournal<T>(place: string, durability: Durability = 'strict'): Promise<Journal<T>> {
  return withSpare(await open<T>(place, durability));
}

async function open<T>(place: string, durability: Durability): Promise<Journal<T>> {
  try {
    return await inDatabase<T>(place, durability);
  } catch {
    // Private windows of some browsers have no database.
  }
  const key = `${NAME}:${place}`;
  try {
    localStorage.setItem(`${NAME}?`, '');
    localStorage.removeItem(`${NAME}?`);
    return inList<T>(
      () => JSON.parse(localStorage.getItem(key) ?? '[]') as Kept<T>[],
      (kept) => (kept.length ? localStorage.setItem(key, JSON.stringify(kept)) : localStorage.removeItem(key)),
    );
  } catch {
    let memory: Kept<T>[] = [];
    return inList<T>(() => memory, (kept) => (memory = kept));
  }
}
