// A web application on Express, which knows its visitor by a session's cookie, as Passport has it.
// Passport sends a secret in the body, that of a public client, which has none, as an empty one.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import express from 'express'
import session from 'express-session'
import { Passport } from 'passport'
import OAuth2Strategy from 'passport-oauth2'
import { finish, given, refusal, visit } from './person.mjs'

/** Passport's strategy for a client; whoever signs in is what the server told of the tokens. */
function strategize(clientID, clientSecret, callbackURL) {
  const strategy = new OAuth2Strategy(
    {
      authorizationURL: `${given.issuer}/authorize`,
      tokenURL: `${given.issuer}/token`,
      clientID,
      clientSecret,
      callbackURL,
      scope: given.scope.split(' '),
      pkce: true,
      state: true,
    },
    (access, refresh, told, profile, done) => done(null, { access, refresh, told, profile }),
  )
  strategy._oauth2.useAuthorizationHeaderforGET(true)
  strategy.userProfile = (token, done) =>
    strategy._oauth2.get(given.resource, token, (error, body) =>
      error ? done(error) : done(null, JSON.parse(body)),
    )
  return strategy
}

/** Start the application of a client; return its address and its strategy. */
async function serve(clientId, secret) {
  const passport = new Passport()
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${server.address().port}`
  const strategy = strategize(clientId, secret, `${address}/callback`)
  passport.use(strategy)
  passport.serializeUser((user, done) => done(null, JSON.stringify(user)))
  passport.deserializeUser((text, done) => done(null, JSON.parse(text)))
  app.use(session({ secret: 'of the test', resave: false, saveUninitialized: false }))
  app.use(passport.session())
  app.get('/login', passport.authenticate('oauth2'))
  app.get('/callback', passport.authenticate('oauth2'), (request, response) => response.redirect('/'))
  app.get('/', (request, response) => response.json(request.user ?? null))
  app.use((error, request, response, next) => response.status(500).json({ code: error.code }))
  return { address, strategy }
}

/** A browser's window at the application: it keeps the cookie and follows no redirect. */
function open(address) {
  let cookie = ''
  return async (path) => {
    const headers = cookie ? { cookie } : {}
    const answer = await fetch(new URL(path, address), { headers, redirect: 'manual' })
    cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0])[0] ?? cookie
    return answer
  }
}

async function authorize(get, decision = 'allow') {
  const login = await get('/login')
  return visit(login.headers.get('location'), decision)
}

async function signIn(application) {
  const get = open(application.address)
  const arrived = await authorize(get)
  const stranger = await open(application.address)(arrived)
  assert.equal(stranger.status, 403)
  const landed = await get(arrived)
  assert.equal(landed.headers.get('location'), '/')
  const user = await (await get('/')).json()
  assert.equal(user.told.scope, given.scope)
  assert.equal(user.profile.scope, given.scope)
  // The session's state is used up: nothing is sent to the server.
  assert.equal((await get(arrived)).status, 403)
  return user
}

/** Ask at the token endpoint as Passport's companions for refreshing do. */
function ask(application, code, parameters) {
  return new Promise((resolve, reject) =>
    application.strategy._oauth2.getOAuthAccessToken(code, parameters, (error, access, refresh) =>
      error ? reject(error) : resolve({ access, refresh }),
    ),
  )
}

for (const [id, secret] of [[given.public_id, undefined], [given.post_id, given.post_secret]]) {
  const application = await serve(id, secret)
  const denied = open(application.address)
  assert.equal((await denied(await authorize(denied, 'deny'))).status, 401)

  const user = await signIn(application)
  const rotated = await ask(application, user.refresh, { grant_type: 'refresh_token' })
  assert.notEqual(rotated.refresh, user.refresh)
  const invented = `${rotated.refresh.slice(0, -1)}${rotated.refresh.endsWith('x') ? 'y' : 'x'}`
  const refused = await refusal(ask(application, invented, { grant_type: 'refresh_token' }))
  assert.equal(JSON.parse(refused.data).error, 'invalid_grant')
}

const service = await serve(given.post_id, given.post_secret)
const own = await ask(service, '', { grant_type: 'client_credentials', scope: given.scope })
assert.equal(own.refresh, undefined)
assert.ok(own.access)

// With another secret: Passport tells what the server said.
const impostor = await serve(given.post_id, 'not the secret')
const get = open(impostor.address)
const failed = await get(await authorize(get))
assert.deepEqual([failed.status, await failed.json()], [500, { code: 'invalid_client' }])

finish(['denial', 'code', 'refresh', 'own'])
