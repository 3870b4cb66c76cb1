// The code flow by oauth4webapi, with a pushed request.
import * as oauth from 'oauth4webapi'

const { ISSUER, PASSWORD } = process.env
const options = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(ISSUER)
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
const client = { client_id: 'partner', id_token_signed_response_alg: process.env.ALG }
const authenticate = oauth.ClientSecretBasic('partner secret')
const redirect_uri = 'https://partner.example/other'
const verifier = oauth.generateRandomCodeVerifier()
const nonce = oauth.generateRandomNonce()
const pushed = await oauth.processPushedAuthorizationResponse(as, client, await oauth.pushedAuthorizationRequest(as, client, authenticate, {
  redirect_uri, response_type: 'code', scope: 'openid', nonce, state: 's',
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
}, options))
const to = new URL(as.authorization_endpoint)
to.search = new URLSearchParams({ client_id: 'partner', request_uri: pushed.request_uri })
const cookies = new Map()
const go = async (url, form) => {
  const res = await fetch(url, {
    redirect: 'manual', method: form ? 'POST' : 'GET', body: form && new URLSearchParams(form),
    headers: { cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join('; ') },
  })
  for (const c of res.headers.getSetCookie()) {
    const [, k, v] = /^([^=]*)=([^;]*)/.exec(c)
    cookies.set(k, v)
  }
  return res
}
const sealed = async (res) => /name="request" value="([^"]*)"/.exec(await res.text())[1]
let res = await go(ISSUER + '/oauth2/authorize/login', { request: await sealed(await go(to)), id: 'alice', password: PASSWORD })
res = await go(new URL(res.headers.get('location'), ISSUER))
res = await go(ISSUER + '/oauth2/authorize/consent', { request: await sealed(res), answer: 'allow' })
const params = oauth.validateAuthResponse(as, client, new URL(res.headers.get('location')), 's')
const tokens = await oauth.processAuthorizationCodeResponse(as, client,
  await oauth.authorizationCodeGrantRequest(as, client, authenticate, params, redirect_uri, verifier, options),
  { expectedNonce: nonce, requireIdToken: true })
const claims = oauth.getValidatedIdTokenClaims(tokens)
const info = await oauth.processUserInfoResponse(as, client, claims.sub, await oauth.userInfoRequest(as, client, tokens.access_token, options))
console.log(JSON.stringify({ sub: claims.sub, info: info.sub }))
