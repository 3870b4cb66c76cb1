// The pages in Chromium: a login by keyboard, a wrong password, consent, Back,
// two tabs, the account page and logout, light and dark, on a phone and a desk.
import { chromium } from 'playwright-core'
import { createServer } from 'node:http'
import { createHash, randomBytes } from 'node:crypto'
import { strict as assert } from 'node:assert'

const { ISSUER, PASSWORD, CHROMIUM, PICTURES } = process.env
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
// The application that people come back to.
const seen = []
const app = createServer((req, res) => {
  let body = ''
  req.on('data', (d) => { body += d })
  req.on('end', () => { if (req.url !== '/favicon.ico') seen.push({ url: req.url, method: req.method, referer: req.headers.referer, body }); res.end('<title>application</title>back') })
}).listen(Number(process.env.APP_PORT), '127.0.0.1')
const url = (client, more = {}) => {
  const q = new URLSearchParams({
    client_id: client, response_type: 'code', scope: 'openid profile email', state: 'st',
    redirect_uri: `http://127.0.0.1:${process.env.APP_PORT}/callback`,
    code_challenge: createHash('sha256').update(randomBytes(32).toString('hex')).digest('base64url'), code_challenge_method: 'S256', ...more,
  })
  return ISSUER + '/oauth2/authorize?' + q
}
const shot = async (page, name) => { if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}.png` }) }
const complaints = []
const open = async (options) => {
  const context = await browser.newContext({ viewport: { width: 900, height: 640 }, ...options })
  const page = await context.newPage()
  page.on('console', (m) => { if (m.type() === 'error' && !/40[03]/.test(m.text())) complaints.push(m.text()) })
  page.on('pageerror', (e) => complaints.push(String(e)))
  return [context, page]
}

const [context, page] = await open({})
await page.goto(url('third'))
await shot(page, 'login')
// By keyboard alone: the first field has the focus, labels lead to their fields.
await page.keyboard.type('alice')
await page.keyboard.press('Tab')
await page.keyboard.type('wrong')
await page.keyboard.press('Enter')
await page.getByRole('alert').waitFor()
assert.equal(await page.getByLabel('Name').inputValue(), '', 'what was typed into the name field is not shown again')
await shot(page, 'login-wrong')
await page.getByLabel('Name').fill('alice')
await page.getByLabel('Password').fill(PASSWORD)
await page.getByRole('button', { name: 'Log in' }).click()
await page.getByRole('heading', { name: 'Allow access?' }).waitFor()
await shot(page, 'consent')
// Loaded again, the page asks again and sends no password.
await page.reload()
await page.getByRole('button', { name: 'Allow', exact: true }).click()
await page.waitForURL(/127\.0\.0\.1:\d+\/callback\?code=/)
assert.equal(seen.at(-1).referer, undefined, 'the application learns from no Referer')
// Back, and the form once more: another code, and no harm.
await page.goBack()
await page.getByRole('button', { name: 'Allow', exact: true }).click()
await page.waitForURL(/callback\?code=/)
// A second tab is logged in already.
const tab = await context.newPage()
await tab.goto(url('third'))
await tab.waitForURL(/callback\?code=/)
// form_post goes on by itself.
await tab.goto(url('third', { response_mode: 'form_post' }))
await tab.waitForURL(/\/callback$/)
assert.equal(seen.at(-1).method, 'POST')
assert.match(seen.at(-1).body, /code=tgc_.*&state=st&iss=/)
// The account page, and logout.
await page.goto(ISSUER + '/account')
await shot(page, 'account')
assert.match(await page.content(), /this browser/)
await page.goto(ISSUER + '/oauth2/logout')
await shot(page, 'logout')
await page.getByRole('button', { name: 'Log out' }).click()
await page.getByRole('heading', { name: 'You are logged out' }).waitFor()
await page.goto(url('third'))
await page.getByLabel('Password').waitFor()
// A page of another site cannot frame the login page, nor post its form.
await tab.goto(`http://127.0.0.1:${process.env.APP_PORT}/evil`)
await tab.setContent(`<iframe src="${url('third').replaceAll('&', '&amp;')}"></iframe>`)
await tab.waitForTimeout(300)
assert.equal(await tab.frameLocator('iframe').getByLabel('Password').count(), 0, 'the login page is framed')

// A phone, in the dark, in German; contrast of text is 4.5 at least (WCAG AA).
for (const colorScheme of ['light', 'dark']) {
  const [, phone] = await open({ viewport: { width: 360, height: 740 }, colorScheme, locale: 'de-DE' })
  await phone.goto(url('third'))
  await phone.getByLabel('Passwort').waitFor()
  await shot(phone, 'phone-' + colorScheme)
  assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'the page is wider than a phone')
  const poor = await phone.evaluate(() => {
    const parse = (c) => c.match(/[\d.]+/g).map(Number)
    const light = ([r, g, b]) => [r, g, b].map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0)
    const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] }
    return [...document.querySelectorAll('h1, p, label, button, header')].map((e) => {
      const a = light(parse(getComputedStyle(e).color)), b = light(ground(e))
      return [e.tagName, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]
    }).filter(([, ratio]) => ratio < 4.5)
  })
  assert.deepEqual(poor, [], `contrast below 4.5 in the ${colorScheme}`)
}
assert.deepEqual(complaints, [], 'Chromium complains')
await browser.close()
app.close()
console.log('walked')
