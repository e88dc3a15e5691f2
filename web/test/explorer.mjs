// Walks through the explorer in a real browser. Environment: APPANAGE_URL, APPANAGE_USER, APPANAGE_PASSWORD, and if
// wanted SCREENSHOT (where to write one) and CHROMIUM (which browser to run).
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const { APPANAGE_URL, APPANAGE_USER, APPANAGE_PASSWORD, SCREENSHOT, CHROMIUM = '/usr/bin/chromium' } = process.env;
assert(APPANAGE_URL && APPANAGE_USER && APPANAGE_PASSWORD, 'APPANAGE_URL, APPANAGE_USER and APPANAGE_PASSWORD are needed');

const profile = await mkdtemp(join(tmpdir(), 'explorer-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: CHROMIUM,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
  viewport: { width: 1360, height: 820 },
});
context.setDefaultTimeout(10_000);

const foreign = [];
const complaints = [];
context.on('request', (request) => {
  const url = new URL(request.url());
  if (url.protocol !== 'data:' && url.origin !== new URL(APPANAGE_URL).origin) foreign.push(request.url());
});
context.on('console', (message) => {
  if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`);
});
context.on('weberror', (error) => complaints.push(String(error.error())));
await context.addInitScript(() => {
  document.addEventListener('securitypolicyviolation', (event) => {
    console.error(`CSP: ${event.violatedDirective} refused ${event.blockedURI} in ${event.sourceFile}`);
  });
});

const page = context.pages()[0];
const form = page.getByRole('dialog', { name: 'Sign in' });
const result = page.locator('.result-window');
const name = page.locator('.identity strong');

async function signIn(identifier, password) {
  await form.getByLabel('Identifier').fill(identifier);
  await form.getByLabel('Password').fill(password);
  await form.getByRole('button', { name: 'Sign in' }).click();
}

async function runExample(title, operation, wanted) {
  await page.getByRole('button', { name: 'Examples' }).click();
  await page.getByRole('menuitem', { name: title, exact: true }).click();
  // GraphiQL looks for the operation to run a tenth of a second after an edit, and then names the tab after it.
  await page.locator('.graphiql-tab-active').getByText(operation, { exact: true }).waitFor();
  await page.keyboard.press('Control+Enter');
  await result.getByText(`"${wanted}"`).first().waitFor();
  const answer = await result.innerText();
  assert.match(answer, /"data": \{/);
  assert.doesNotMatch(answer, /"errors"/);
  return answer;
}

const steps = {
  'the page renders': async () => {
    await page.goto(APPANAGE_URL);
    assert.match(await page.title(), /Appanage/);
    await page.getByRole('heading', { name: 'Appanage' }).waitFor();
    await page.locator('.graphiql-query-editor .CodeMirror').waitFor();
    await form.waitFor();
  },
  'a refused sign-in is explained': async () => {
    await signIn(`nobody-${Date.now()}`, 'wrong');
    await form.locator('.error:not(:empty)').first().waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  },
  'the form signs in and the name is shown': async () => {
    await signIn(APPANAGE_USER, APPANAGE_PASSWORD);
    await form.waitFor({ state: 'hidden' });
    await name.filter({ hasNotText: 'Signed in' }).waitFor();
  },
  'the schema is loaded': async () => {
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.getByText('Root Types').waitFor();
    await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
  },
  'the settings open': async () => {
    await page.getByRole('button', { name: 'Open settings dialog' }).click();
    await page.getByRole('dialog', { name: 'Settings' }).waitFor();
    await page.keyboard.press('Escape');
  },
  'the example "Who am I?" answers with the name shown': async () => {
    const answer = await runExample('Who am I?', 'Viewer', 'viewer');
    assert(answer.includes(JSON.stringify(await name.innerText())), answer);
  },
  'the example "Applications" answers': () => runExample('Applications', 'Applications', 'applications'),
  'the page is still signed in after a reload': async () => {
    await page.reload();
    await name.filter({ hasNotText: 'Signed in' }).waitFor();
  },
  'signing out forgets the token': async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.equal(await page.getByRole('status').innerText(), '');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  },
};

let passed = 0;
let failed = 0;
async function check(title, run) {
  try {
    await run();
    passed++;
    console.log(`ok - ${title}`);
  } catch (error) {
    failed++;
    console.log(`not ok - ${title}\n${error.message.replace(/^/gm, '  ')}`);
  }
}

for (const [title, run] of Object.entries(steps)) {
  await check(title, run);
  if (failed) break; // each step needs the ones before it
  if (SCREENSHOT && title.includes('"Applications"')) await page.screenshot({ path: SCREENSHOT });
}
await check('no request to another host', () => assert.deepEqual(foreign, []));
await check('no error in the console, no policy violation', () => assert.deepEqual(complaints, []));

await context.close();
await rm(profile, { recursive: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
