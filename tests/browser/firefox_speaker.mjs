// A speaker in Firefox with a made-up camera, through WebDriver BiDi: device check, green room, the others' moving pictures on stage.
// Usage: node firefox_speaker.mjs <path of firefox> <JSON {address, others}>; says one line of JSON for each step, and leaves when its input ends.
import puppeteer from 'puppeteer-core';

const [executablePath, facts] = process.argv.slice(2);
const { address, others } = JSON.parse(facts);
const say = (fact) => console.log(JSON.stringify(fact));
const left = new Promise((resolve) => process.stdin.on('end', resolve).resume());
const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath,
  headless: true,
  args: ['--width=1280', '--height=900'],
  extraPrefsFirefox: {
    'media.navigator.streams.fake': true,
    'media.navigator.permission.disabled': true,
    'media.autoplay.default': 0,
    'media.peerconnection.ice.loopback': true,
    'media.peerconnection.ice.obfuscate_host_addresses': false,
  },
});
const faults = [];
const page = await browser.newPage();
try {
  page.setDefaultTimeout(120_000);
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(address, { waitUntil: 'load' });
  await page.locator('[data-run]').click();
  await page.waitForFunction(() => document.querySelector('[data-said]').textContent.startsWith('Selesai'));
  say({ checked: await page.$$eval('[data-step]', (steps) => steps.map((step) => step.innerText.replace(/\s+/g, ' ').trim())) });
  await page.locator('[data-enter]').click();
  await page.waitForFunction(() => document.querySelector('[data-stage]') && !document.querySelector('[data-stage]').hidden);
  say({ entered: true });
  await page.waitForFunction(
    (names) =>
      names.every((name) => {
        const tile = [...document.querySelectorAll('[data-tiles] .tile')].find((one) => one.textContent.includes(name));
        const video = tile?.querySelector('video');
        if (!video?.videoWidth) return false;
        video.dataset.first ??= String(video.currentTime); // Firefox counts no frames of a stream
        return video.currentTime > Number(video.dataset.first) + 2;
      }),
    { polling: 500 },
    others,
  );
  say({ seen: others, where: await page.$eval('[data-where]', (element) => element.textContent.trim()) });
  await left;
  if (faults.length) throw new Error('the page told of faults');
} catch (reason) {
  console.error(reason.message, faults, await page.$eval('#isi', (element) => element.innerText.slice(0, 2000)));
  process.exitCode = 1;
} finally {
  await browser.close();
}
