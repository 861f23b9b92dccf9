// The oldest of Node's: callbacks, and a signature for each request.

import assert from 'node:assert/strict'
import oauth from 'oauth'
import { finish, given, visit } from './person.mjs'

const client = new oauth.OAuth(
  given.initiate,
  given.token,
  given.client_id,
  given.secret,
  '1.0A',
  given.callback,
  given.method,
)

/** Call a method that takes a callback; return what it is given, or throw its error. */
function call(name, ...parameters) {
  return new Promise((resolve, reject) => {
    client[name](...parameters, (error, ...results) => (error ? reject(error) : resolve(results)))
  })
}

const [token, secret] = await call('getOAuthRequestToken')
const arrived = await visit(`${given.authorize}?oauth_token=${encodeURIComponent(token)}`)
assert.equal(arrived.searchParams.get('oauth_token'), token)
const verifier = arrived.searchParams.get('oauth_verifier')
const [access, accessSecret] = await call('getOAuthAccessToken', token, secret, verifier)

const [got] = await call('get', `${given.photos}?a=1&b=x%20y&c=`, access, accessSecret)
assert.deepEqual(JSON.parse(got).query, [['a', '1'], ['b', 'x y'], ['c', '']])
const form = { z: '1 2', y: 'é' }
const [posted] = await call('post', given.photos, access, accessSecret, form)
assert.deepEqual(JSON.parse(posted).form, [['z', '1 2'], ['y', 'é']])

// The same verifier once more: refused, and what it gave is taken back.
await assert.rejects(call('getOAuthAccessToken', token, secret, verifier), { statusCode: 401 })
await assert.rejects(call('get', given.photos, access, accessSecret), { statusCode: 401 })

finish(['token', 'get', 'post', 'replay'])
