// openid-client and oauth4webapi obtain a token with an awkward secret, and send
// the same credentials to a route of the gateway.
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const { ID, SECRET, TOKEN, ROUTE } = process.env
const as = { issuer: new URL(TOKEN).origin, token_endpoint: TOKEN }

// The Authorization that a library makes, sent to the route.
async function route(auth) {
  const headers = new Headers()
  await auth(as, { client_id: ID }, new URLSearchParams(), headers)
  return (await fetch(ROUTE, { headers })).status
}

for (const [name, basic, post] of [
  ['oauth4webapi', oauth.ClientSecretBasic(SECRET), oauth.ClientSecretPost(SECRET)],
]) {
  for (const auth of [basic, post]) {
    const answer = await oauth.clientCredentialsGrantRequest(as, { client_id: ID }, auth, new URLSearchParams(), { [oauth.allowInsecureRequests]: true })
    const token = await oauth.processClientCredentialsResponse(as, { client_id: ID }, answer)
    console.log(name, token.token_type)
  }
  console.log(name, await route(basic))
}

for (const auth of [openid.ClientSecretBasic(SECRET), openid.ClientSecretPost(SECRET)]) {
  const config = new openid.Configuration(as, ID, undefined, auth)
  openid.allowInsecureRequests(config)
  const token = await openid.clientCredentialsGrant(config)
  console.log('openid-client', token.token_type)
}
console.log('openid-client', await route(openid.ClientSecretBasic(SECRET)))
