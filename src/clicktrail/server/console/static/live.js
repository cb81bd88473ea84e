// Keeps a page as it would be if it were loaded now: where something was stored, it is asked for again, and what differs
// is replaced. Without this script the same page shows the same when it is loaded.
"use strict"

const button = document.querySelector("#live")
const words = { opening: "Connecting", live: "Live", paused: "Paused", lost: "Reconnecting" }
const patienceMs = 30_000
const countingMs = 2_000
let wanted = true
let feed = null
let asking = false
let outdated = false

function show(state) {
  button.dataset.state = state
  button.textContent = words[state]
  button.title = wanted ? "Pause: leave this page as it is" : "Follow what comes in"
  button.setAttribute("aria-pressed", String(wanted))
}

async function renew() {
  outdated = asking
  if (asking) return
  asking = true
  const began = performance.now()
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(patienceMs) })
    if (answer.ok && feed) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html")
      bring(document.querySelector("main"), page.querySelector("main"))
    }
  } catch {
    // The engine is restarting. The feed comes back with it, and has the page asked for then.
  }
  // Most of the engine's time belongs to clicks. A page whose numbers are still being counted hears of no change when
  // they are.
  const counting = document.querySelector(".counting")
  setTimeout(() => {
    asking = false
    if (feed && (outdated || counting)) renew()
  }, Math.max(4 * (performance.now() - began), counting ? countingMs : 0))
}

// Change as little as possible, so that focus, scrolling and what is unfolded stay.
function bring(old, current) {
  if (old.isEqualNode(current)) return
  const children = [...old.childNodes]
  if (old.nodeName !== current.nodeName || children.length !== current.childNodes.length || !children.length) {
    old.replaceWith(current)
    return
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !current.hasAttribute(name)) old.removeAttribute(name)
  }
  for (const { name, value } of current.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  const currents = [...current.childNodes]
  children.forEach((child, place) => bring(child, currents[place]))
}

// Only a page that is in view listens: a browser opens six connections to a host, for all of its windows together.
function follow() {
  feed?.close()
  feed = null
  if (!wanted || document.hidden) return show(wanted ? "opening" : "paused")
  feed = new EventSource(button.dataset.feed)
  feed.addEventListener("change", renew)
  feed.addEventListener("open", () => {
    show("live")
    renew() // what changed before there was anybody to hear of it
  })
  feed.addEventListener("error", () => {
    show("lost")
    if (feed?.readyState === EventSource.CLOSED) setTimeout(follow, 3_000) // what the browser does by itself otherwise
  })
  show("opening")
}

button.addEventListener("click", () => {
  wanted = !wanted
  follow()
})
document.addEventListener("visibilitychange", follow)
button.hidden = false
follow()
