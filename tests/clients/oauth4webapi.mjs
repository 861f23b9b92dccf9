// The strictest of them: every answer is validated, nothing but http on loopback is allowed.

import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { finish, given, refusal, visit } from './person.mjs'

const insecure = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(given.issuer)
const discovery = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
const server = await oauth.processDiscoveryResponse(issuer, discovery)
assert.equal(server.authorization_response_iss_parameter_supported, true)
assert.deepEqual(server.code_challenge_methods_supported, ['S256'])

const client = { client_id: given.client_id }
const authentication = oauth.ClientSecretBasic(given.client_secret)

async function authorize(decision) {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(server.authorization_endpoint)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: given.redirect_uri,
    scope: given.scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const arrived = await visit(url, decision)
  return { verifier, state, arrived }
}

async function redeem(parameters, verifier) {
  const { redirect_uri } = given
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, authentication, parameters, redirect_uri, verifier, insecure,
  )
  return oauth.processAuthorizationCodeResponse(server, client, response)
}

async function refresh(token) {
  const response = await oauth.refreshTokenGrantRequest(
    server, client, authentication, token, insecure,
  )
  return oauth.processRefreshTokenResponse(server, client, response)
}

async function introspect(token) {
  const response = await oauth.introspectionRequest(server, client, authentication, token, insecure)
  return oauth.processIntrospectionResponse(server, client, response)
}

async function ask(token) {
  const url = new URL(given.resource)
  return oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, insecure)
}

// Denied: the error comes back with state and issuer, both of which are checked.
const denied = await authorize('deny')
assert.throws(
  () => oauth.validateAuthResponse(server, client, denied.arrived, denied.state),
  (error) => error instanceof oauth.AuthorizationResponseError && error.error === 'access_denied',
)

// Allowed.
const { verifier, state, arrived } = await authorize('allow')
assert.throws(() => oauth.validateAuthResponse(server, client, arrived, 'another state'))
const parameters = oauth.validateAuthResponse(server, client, arrived, state)
const wrong = await refusal(redeem(parameters, oauth.generateRandomCodeVerifier()))
assert.ok(wrong instanceof oauth.ResponseBodyError)
assert.equal(wrong.error, 'invalid_grant')
const tokens = await redeem(parameters, verifier)
assert.equal(tokens.token_type, 'bearer')
assert.equal(tokens.scope, given.scope)
assert.equal(typeof tokens.expires_in, 'number')
assert.equal((await ask(tokens.access_token)).status, 200)

const claims = await introspect(tokens.access_token)
assert.equal(claims.active, true)
assert.equal(claims.client_id, client.client_id)
assert.equal(claims.iss, server.issuer)
assert.equal(claims.scope, given.scope)

const rotated = await refresh(tokens.refresh_token)
assert.notEqual(rotated.refresh_token, tokens.refresh_token)
assert.equal((await ask(rotated.access_token)).status, 200)
assert.equal((await introspect(rotated.refresh_token)).active, true)

const revocation = await oauth.revocationRequest(
  server, client, authentication, rotated.refresh_token, insecure,
)
assert.equal(await oauth.processRevocationResponse(revocation), undefined)
assert.deepEqual(await introspect(rotated.access_token), { active: false })
assert.equal((await refusal(refresh(rotated.refresh_token))).error, 'invalid_grant')
const challenged = await refusal(ask(rotated.access_token))
assert.ok(challenged instanceof oauth.WWWAuthenticateChallengeError)
assert.equal(challenged.status, 401)
assert.equal(challenged.cause[0].parameters.error, 'invalid_token')

// The code once more: refused.
assert.equal((await refusal(redeem(parameters, verifier))).error, 'invalid_grant')

// For itself.
const own = await oauth.processClientCredentialsResponse(
  server, client,
  await oauth.clientCredentialsGrantRequest(
    server, client, authentication, { scope: given.scope }, insecure,
  ),
)
assert.equal(own.refresh_token, undefined)
assert.equal((await introspect(own.access_token)).active, true)

// With another secret: refused, in the way that RFC 6749 section 5.2 tells.
const stranger = oauth.ClientSecretBasic('not the secret')
const refused = await refusal(
  oauth
    .clientCredentialsGrantRequest(server, client, stranger, {}, insecure)
    .then((response) => oauth.processClientCredentialsResponse(server, client, response)),
)
assert.equal(refused.status, 401)

finish(['discovery', 'denial', 'code', 'refresh', 'introspection', 'revocation', 'own'])
