// Sends events by Segment's SDK for Node, and prints those that it gave up: node send.mjs URL KEY EVENTS.
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'

const { Analytics } = createRequire(`${process.env.SEGMENT_NODE}/`)('@segment/analytics-node')
const [url, key, events] = process.argv.slice(2)
const analytics = new Analytics({ writeKey: key, host: url, flushAt: 100, flushInterval: 500 })
const lost = []

for (let number = 0; number < Number(events); number += 1) {
  const event = {
    userId: 'ana',
    event: 'order_placed',
    messageId: `e${number}`,
    properties: { order_id: `o${number}`, product: 'Kettle', total: 39.5 },
  }
  analytics.track(event, (error) => error && lost.push(`${event.messageId}: ${error}`))
  if (number % 500 === 499) await setTimeout(50)
}
await analytics.flush({ close: true, timeout: 120_000 })
console.log(JSON.stringify(lost))
