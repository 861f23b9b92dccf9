// Signs only, so that the requests are Node's own.

import assert from 'node:assert/strict'
import { createHmac, createSign } from 'node:crypto'
import OAuth from 'oauth-1.0a'
import { finish, given, visit } from './person.mjs'

const hashes = {
  'HMAC-SHA1': (text, key) => createHmac('sha1', key).update(text).digest('base64'),
  'HMAC-SHA256': (text, key) => createHmac('sha256', key).update(text).digest('base64'),
  'RSA-SHA1': (text) => createSign('RSA-SHA1').update(text).sign(given.secret, 'base64'),
  PLAINTEXT: (_, key) => key,
}
const client = new OAuth({
  consumer: { key: given.client_id, secret: given.secret },
  signature_method: given.method,
  hash_function: hashes[given.method],
  realm: 'photos',
})

/** Send a signed request; return its answer. */
async function send(method, url, token, data, more = {}) {
  const signed = client.authorize({ method, url, data: { ...data, ...more } }, token)
  const headers = { ...client.toHeader(signed) }
  if (data) headers['Content-Type'] = 'application/x-www-form-urlencoded'
  const body = data && new URLSearchParams(data)
  return { signed: headers, answer: await fetch(url, { method, headers, body }) }
}

/** Return the credentials of an answer. */
async function credentials({ answer }) {
  const form = new URLSearchParams(await answer.text())
  assert.equal(answer.status, 200, String(form))
  return { key: form.get('oauth_token'), secret: form.get('oauth_token_secret') }
}

const callback = { oauth_callback: given.callback }
const temporary = await credentials(await send('POST', given.initiate, undefined, null, callback))
const arrived = await visit(`${given.authorize}?oauth_token=${temporary.key}`)
const verifier = { oauth_verifier: arrived.searchParams.get('oauth_verifier') }
const token = await credentials(await send('POST', given.token, temporary, null, verifier))

const got = await send('GET', `${given.photos}?a=1&b=x%20y`, token)
assert.equal(got.answer.status, 200, await got.answer.clone().text())
assert.deepEqual((await got.answer.json()).query, [['a', '1'], ['b', 'x y']])
const posted = await send('POST', given.photos, token, { z: '1 2' })
assert.deepEqual((await posted.answer.json()).form, [['z', '1 2']])

// The very same request again is a replay.
const again = await fetch(`${given.photos}?a=1&b=x%20y`, { headers: got.signed })
assert.equal(again.status, 401)
assert.equal((await again.json()).error, 'invalid_nonce')

finish(['token', 'get', 'post', 'replay'])
