// Viewers of a live stream, as the product's player asks: a list of this fifth of a second when the next piece is due, once more a fifth later when it is
// not there yet, then what is new in it. Each keeps one connection and a schedule of its own.
// node live_viewers.mjs <list address> <viewers> <seconds> <ca file or "-">; prints one JSON object.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [, , address, viewers, seconds, ca] = process.argv;
const url = new URL(address);
const { Agent, get } = url.protocol === 'https:' ? https : http;
const told = { lists: 0, segments: 0, bytes: 0, failed: 0, late: 0, waits: [] };
const [PIECE, MOMENT, TIMES, EARLIER, SPREAD] = [1000, 200, 4, 50, 300]; // as in app/stage/client/viewer/lists.ts
const JOINING = 5000; // within so long they all come, and then it is counted
const begun = performance.now() + 500;
const counting = begun + JOINING + 1000;
const ending = counting + 1000 * Number(seconds);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const counts = () => performance.now() > counting;

class Viewer {
  agent = new Agent({ keepAlive: true, maxSockets: 1, ...(ca === '-' ? {} : { ca: readFileSync(ca), servername: url.searchParams.get('host') ?? url.hostname }) });
  last = '';

  fetch(path) {
    const asking = performance.now();
    return new Promise((resolve) => {
      const asked = get(
        { host: url.hostname, port: url.port, path, agent: this.agent, headers: { host: url.searchParams.get('host') ?? url.host }, timeout: 8000 },
        (answer) => {
          const parts = [];
          answer.on('data', (part) => parts.push(part));
          answer.on('end', () => {
            const body = Buffer.concat(parts);
            if (counts()) {
              told.bytes += body.length;
              told.waits.push(performance.now() - asking);
            }
            if (answer.statusCode !== 200) told.failed += 1;
            resolve(answer.statusCode === 200 ? body : null);
          });
        },
      );
      asked.on('timeout', () => asked.destroy());
      asked.on('error', () => {
        told.failed += 1;
        resolve(null);
      });
    });
  }

  /** What the list names beyond what is here; of the first list only the last. */
  news(list) {
    const names = list.toString().split('\n').filter((line) => line && !line.startsWith('#'));
    const fresh = this.last ? names.slice(names.indexOf(this.last) + 1) : names.slice(-1);
    this.last = names.at(-1) ?? this.last;
    return fresh.slice(-3); // who is further behind goes on with what is live
  }

  /** A list that says something new, or the same again after enough tries; when it was asked for, and whether at the first try. */
  async list() {
    for (let time = 0; ; time += 1) {
      const asked = performance.now();
      const list = await this.fetch(`${url.pathname}?t=${Math.floor(Date.now() / MOMENT)}`);
      if (list && counts()) told.lists += 1;
      if (!list || time === TIMES || !this.known?.equals(list)) {
        this.known = list ?? this.known;
        return { list, next: asked + PIECE + (time ? Math.random() * SPREAD : -EARLIER) };
      }
      await pause(MOMENT);
    }
  }

  async watch(first) {
    for (let due = first; due < ending; ) {
      const wait = due - performance.now();
      if (wait > 0) await pause(wait);
      else if (wait < -1000 && counts()) told.late += 1;
      const { list, next } = await this.list();
      due = next;
      for (const name of list ? this.news(list) : []) if ((await this.fetch(url.pathname.replace(/[^/]+$/, name))) && counts()) told.segments += 1;
    }
    this.agent.destroy();
  }
}

await Promise.all(Array.from({ length: Number(viewers) }, (_none, i) => new Viewer().watch(begun + (i * JOINING) / Number(viewers))));
const { waits, ...numbers } = told;
waits.sort((a, b) => a - b);
console.log(JSON.stringify({ ...numbers, p50: waits[Math.floor(waits.length / 2)] ?? 0, p99: waits[Math.floor(waits.length * 0.99)] ?? 0 }));
