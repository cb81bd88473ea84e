// Keeps a page as it would be if it were loaded now: where clicks were judged, it is asked for again, and what differs
// is replaced. Without this script the same page shows the same when it is loaded.
"use strict"

const button = document.querySelector("#live")
const words = { live: "Live", paused: "Paused", lost: "Reconnecting" }
let feed = null
let asking = false
let outdated = false

function show(state) {
  button.dataset.state = state
  button.textContent = words[state]
  button.setAttribute("aria-pressed", String(state !== "paused"))
}

async function renew() {
  outdated = true
  if (asking) return
  asking = true
  const began = performance.now()
  outdated = false
  try {
    const answer = await fetch(location.href, { cache: "no-store" })
    if (answer.ok && feed) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html")
      bring(document.querySelector("main"), page.querySelector("main"))
    }
  } catch {
    // The engine is restarting. The feed comes back with it, and has the page asked for then.
  }
  // A large campaign takes long to count. Most of the engine's time belongs to clicks.
  setTimeout(() => {
    asking = false
    if (outdated) renew()
  }, 4 * (performance.now() - began))
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

function follow() {
  feed = new EventSource(button.dataset.feed)
  feed.addEventListener("change", renew)
  feed.addEventListener("open", () => {
    show("live")
    renew() // what changed before there was anybody to hear of it
  })
  feed.addEventListener("error", () => show("lost")) // the browser tries again by itself
}

function pause() {
  feed.close()
  feed = null
  show("paused")
}

button.addEventListener("click", () => (feed ? pause() : follow()))
button.hidden = false
show("lost")
follow()
