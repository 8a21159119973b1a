// The core path in Firefox, through WebDriver BiDi: sign in, course, article, a quiz answer that is saved.
// Usage: node firefox.mjs <path of firefox> <JSON {url, email, password, course, article, quiz, pictures}>; says what it saw as JSON.
import puppeteer from 'puppeteer-core';

const [executablePath, facts] = process.argv.slice(2);
const { url, email, password, course, article, quiz, pictures } = JSON.parse(facts);
const seen = { faults: [] };
const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, args: ['--width=1280', '--height=900'] });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  page.on('console', (message) => message.type() === 'error' && seen.faults.push(message.text()));
  page.on('pageerror', (error) => seen.faults.push(String(error)));
  page.on('response', (response) => response.status() >= 400 && seen.faults.push(`${response.status()} ${response.url()}`));
  const go = (path) => page.goto(url + path, { waitUntil: 'load' });
  const press = (selector) => Promise.all([page.waitForNavigation(), page.locator(selector).click()]);
  const text = (selector) => page.$eval(selector, (element) => element.textContent.trim());

  seen.version = await browser.version();
  await go('/masuk');
  await page.type('[name=identifier]', email);
  await page.type('[name=password]', password);
  await press('form button[type=submit], form .btn-primary');
  seen.home = page.url();

  await go(`/kursus/${course}`);
  seen.course = await text('h1');
  await page.screenshot({ path: `${pictures}/firefox-kursus-1280.png` });

  await go(`/kursus/${course}/belajar/${article}`);
  seen.article = await text('h1');
  seen.words = (await text('.prose')).split(/\s+/).length;
  await page.screenshot({ path: `${pictures}/firefox-artikel-1280.png` });

  await go(`/kursus/${course}/belajar/${quiz}`);
  await press('form[action*="/kuis/"] button');
  const places = await page.$$eval('form[data-question]', (forms) =>
    forms.filter((form) => ['single_choice', 'true_false'].includes(form.dataset.type)).map((form) => form.dataset.question),
  );
  await page.locator(`[data-go="${places[0]}"]`).click();
  await page.locator(`form[data-question="${places[0]}"] input[name=jawaban]`).click();
  for (let tries = 0; tries < 400 && !/Tersimpan \d/.test(seen.saved ?? ''); tries += 1) {
    seen.saved = await text('[data-saved]');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await page.screenshot({ path: `${pictures}/firefox-kuis-1280.png` });
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
