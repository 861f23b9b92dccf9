// A public client's code flow, and a confidential one that sends its secret in the body.

import assert from 'node:assert/strict'
import * as oauth from 'openid-client'
import { finish, given, refusal, visit } from './person.mjs'

const settings = { algorithm: 'oauth2', execute: [oauth.allowInsecureRequests] }
const issuer = new URL(given.issuer)
const nobody = await oauth.discovery(issuer, given.public_id, undefined, oauth.None(), settings)

const verifier = oauth.randomPKCECodeVerifier()
const state = oauth.randomState()
const url = oauth.buildAuthorizationUrl(nobody, {
  redirect_uri: given.redirect_uri,
  scope: given.scope,
  state,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
})
const arrived = await visit(url)
const checks = { pkceCodeVerifier: verifier, expectedState: state }
const tokens = await oauth.authorizationCodeGrant(nobody, arrived, checks)
assert.equal(tokens.scope, given.scope)
assert.ok(tokens.expiresIn() > 0)

const resource = new URL(given.resource)
const answer = await oauth.fetchProtectedResource(nobody, tokens.access_token, resource, 'GET')
assert.equal(answer.status, 200)

const rotated = await oauth.refreshTokenGrant(nobody, tokens.refresh_token)
assert.notEqual(rotated.refresh_token, tokens.refresh_token)
await oauth.tokenRevocation(nobody, rotated.refresh_token)
const refused = await refusal(oauth.refreshTokenGrant(nobody, rotated.refresh_token))
assert.equal(refused.error, 'invalid_grant')

const service = await oauth.discovery(
  issuer, given.post_id, undefined, oauth.ClientSecretPost(given.post_secret), settings,
)
const own = await oauth.clientCredentialsGrant(service, { scope: given.scope })
assert.equal((await oauth.tokenIntrospection(service, own.access_token)).active, true)
await oauth.tokenRevocation(service, own.access_token)
assert.equal((await oauth.tokenIntrospection(service, own.access_token)).active, false)

finish(['discovery', 'code', 'refresh', 'revocation', 'own', 'introspection'])
