// The demo in Chromium, through the gateway: log in to the example application,
// see the account, log out.
import { chromium } from 'playwright-core'
import { strict as assert } from 'node:assert'

const { GATEWAY, PASSWORD, CHROMIUM, PICTURES } = process.env
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const page = await browser.newPage({ viewport: { width: 900, height: 900 } })
await page.goto(GATEWAY + '/app/')
await page.getByRole('link', { name: 'Log in' }).click()
await page.getByLabel('Name').fill('customer-1')
await page.getByLabel('Password').fill(PASSWORD)
await page.getByRole('button', { name: 'Log in' }).click()
await page.getByText('You are logged in as').waitFor()
const text = await page.content()
assert.match(text, /X-Auth-Subject.*customer-1/s, 'the microservice was told who it is')
assert.match(text, /"iss": "http:/, 'the ID token is shown')
if (PICTURES) await page.screenshot({ path: PICTURES + '/app.png' })
await page.goto(GATEWAY + '/account')
await page.getByText('this browser').waitFor()
await page.goto(GATEWAY + '/app/')
await page.getByRole('button', { name: 'Log out' }).click()
await page.waitForURL(GATEWAY + '/app/')
await page.getByText('Nobody is logged in here.').waitFor()
// The login at the security service has ended too.
await page.getByRole('link', { name: 'Log in' }).click()
await page.getByLabel('Password').waitFor()
await browser.close()
console.log('walked')
