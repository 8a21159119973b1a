// Viewers of a live stream, as a player asks: a list each second, then what is new in it. Each keeps one connection and a schedule of its own.
// node live_viewers.mjs <list address> <viewers> <seconds> <ca file or "-">; prints one JSON object.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [, , address, viewers, seconds, ca] = process.argv;
const url = new URL(address);
const { Agent, get } = url.protocol === 'https:' ? https : http;
const told = { lists: 0, segments: 0, bytes: 0, failed: 0, late: 0, waits: [] };
const ending = performance.now() + 1000 * Number(seconds) + 3000;

class Viewer {
  agent = new Agent({ keepAlive: true, maxSockets: 1, ...(ca === '-' ? {} : { ca: readFileSync(ca), servername: url.searchParams.get('host') ?? url.hostname }) });
  known = new Set();

  fetch(path) {
    const begun = performance.now();
    return new Promise((resolve) => {
      const asked = get(
        { host: url.hostname, port: url.port, path, agent: this.agent, headers: { host: url.searchParams.get('host') ?? url.host }, timeout: 8000 },
        (answer) => {
          const parts = [];
          answer.on('data', (part) => parts.push(part));
          answer.on('end', () => {
            const body = Buffer.concat(parts);
            told.bytes += body.length;
            told.waits.push(performance.now() - begun);
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

  async watch(first) {
    for (let due = first; due < ending; due += 1000) {
      const wait = due - performance.now();
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      else if (wait < -1000) told.late += 1;
      const list = await this.fetch(url.pathname);
      if (!list) continue;
      told.lists += 1;
      const newest = list.toString().trim().split('\n').pop();
      if (newest.startsWith('#') || this.known.has(newest)) continue;
      this.known.add(newest);
      if (await this.fetch(url.pathname.replace(/[^/]+$/, newest))) told.segments += 1;
    }
    this.agent.destroy();
  }
}

const begun = performance.now() + 1500;
await Promise.all(Array.from({ length: Number(viewers) }, (_none, i) => new Viewer().watch(begun + (i * 1000) / Number(viewers))));
const { waits, ...counts } = told;
waits.sort((a, b) => a - b);
console.log(JSON.stringify({ ...counts, p50: waits[Math.floor(waits.length / 2)] ?? 0, p99: waits[Math.floor(waits.length * 0.99)] ?? 0 }));
