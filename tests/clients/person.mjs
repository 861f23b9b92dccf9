// What every script here shares: what it is told, and the person who consents. The person is the
// test: a line of JSON asks, a line answers.

import { createInterface } from 'node:readline'

export const given = JSON.parse(process.env.GIVEN)

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** Open an authorization request in the browser; return the URL that it is sent back to. */
export async function visit(url, decision = 'allow') {
  console.log(JSON.stringify({ visit: String(url), decision }))
  const { value } = await lines.next()
  return new URL(JSON.parse(value).arrived)
}

/** Report what was achieved, and end. */
export function finish(achieved) {
  console.log(JSON.stringify({ achieved }))
  process.exit(0)
}

/** Return the error that a promise is rejected with. */
export async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('It was to be refused.')
}
