// Demands JSON in every answer, that of a revocation, too.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { AuthorizationCode, ClientCredentials } from 'simple-oauth2'
import { finish, given, refusal, visit } from './person.mjs'

const configuration = {
  client: { id: given.client_id, secret: given.client_secret },
  auth: {
    tokenHost: given.issuer,
    tokenPath: '/token',
    revokePath: '/revoke',
  },
}

const client = new AuthorizationCode({
  ...configuration,
  auth: { ...configuration.auth, authorizePath: '/authorize' },
})
const verifier = randomBytes(48).toString('base64url')
const state = randomBytes(12).toString('hex')
const arrived = await visit(
  client.authorizeURL({
    redirect_uri: given.redirect_uri,
    scope: given.scope,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }),
)
assert.equal(arrived.searchParams.get('state'), state)

const token = await client.getToken({
  code: arrived.searchParams.get('code'),
  redirect_uri: given.redirect_uri,
  code_verifier: verifier,
})
assert.equal(token.token.scope, given.scope)
assert.equal(token.expired(), false)
const rotated = await token.refresh()
assert.notEqual(rotated.token.refresh_token, token.token.refresh_token)
await rotated.revokeAll()
const refused = await refusal(rotated.refresh())
assert.equal(refused.data.payload.error, 'invalid_grant')

const own = await new ClientCredentials(configuration).getToken({ scope: given.scope })
assert.equal(own.expired(), false)
await own.revoke('access_token')

finish(['code', 'refresh', 'revocation', 'own'])
