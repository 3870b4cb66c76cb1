// The code flow by openid-client, whose own checks are the test. The login page
// is filled in by hand: fetch has no cookies of its own.
import * as client from 'openid-client'

const { ISSUER, PASSWORD } = process.env
const config = await client.discovery(new URL(ISSUER), 'shop', { id_token_signed_response_alg: process.env.ALG }, client.None(), {
  execute: [client.allowInsecureRequests],
})
const verifier = client.randomPKCECodeVerifier()
const nonce = client.randomNonce()
const state = client.randomState()
const to = client.buildAuthorizationUrl(config, {
  redirect_uri: 'http://127.0.0.1:9/callback', scope: 'openid email offline_access', state, nonce,
  code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
})
const page = await fetch(to)
const cookie = page.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ')
const request = /name="request" value="([^"]*)"/.exec(await page.text())[1]
const sent = await fetch(ISSUER + '/oauth2/authorize/login', {
  method: 'POST', redirect: 'manual', headers: { cookie }, body: new URLSearchParams({ request, id: 'alice', password: PASSWORD }),
})
const tokens = await client.authorizationCodeGrant(config, new URL(sent.headers.get('location')), {
  pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true,
})
const claims = tokens.claims()
const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
const again = await client.refreshTokenGrant(config, tokens.refresh_token)
await client.tokenRevocation(config, again.refresh_token)
let refused = 'not refused'
try {
  await client.refreshTokenGrant(config, again.refresh_token)
} catch (e) {
  refused = e.error
}
console.log(JSON.stringify({ sub: claims.sub, email: info.email, refused }))
