// Updates the page when the engine has stored something: fetches it again and replaces the elements that differ.
// Without this script, reloading the page has the same effect.
"use strict"

const button = document.querySelector("#live")
const stateLabels = { opening: "Connecting", live: "Live", paused: "Paused", lost: "Reconnecting" }
const fetchTimeoutMs = 30_000
const reconnectMs = 3_000
let following = true
let eventSource = null
let fetching = false
let refreshPending = false

function showState(state) {
  button.dataset.state = state
  button.textContent = stateLabels[state]
  button.title = following ? "Pause live updates" : "Resume live updates"
  button.setAttribute("aria-pressed", String(following))
}

async function refreshPage() {
  refreshPending = fetching
  if (fetching) return
  fetching = true
  const startedAt = performance.now()
  try {
    const response = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(fetchTimeoutMs) })
    if (response.ok && eventSource) {
      const page = new DOMParser().parseFromString(await response.text(), "text/html")
      morph(document.querySelector("main"), page.querySelector("main"))
    }
  } catch {
    // The engine is restarting. The page is refreshed when the event stream opens again.
  }
  // Wait four times as long as the fetch took, to leave the engine time for clicks.
  setTimeout(() => {
    fetching = false
    if (eventSource && refreshPending) refreshPage()
  }, 4 * (performance.now() - startedAt))
}

// Change as little as possible, to keep focus, scroll position and opened details.
function morph(old, updated) {
  if (old.isEqualNode(updated)) return
  const children = [...old.childNodes]
  if (old.nodeName !== updated.nodeName || children.length !== updated.childNodes.length || !children.length) {
    old.replaceWith(updated)
    return
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !updated.hasAttribute(name)) old.removeAttribute(name)
  }
  for (const { name, value } of updated.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  const updatedChildren = [...updated.childNodes]
  children.forEach((child, index) => morph(child, updatedChildren[index]))
}

// Only visible pages connect: a browser opens at most six connections to a host, for all of its windows together.
function connect() {
  eventSource?.close()
  eventSource = null
  if (!following || document.hidden) return showState(following ? "opening" : "paused")
  eventSource = new EventSource(button.dataset.liveUrl)
  eventSource.addEventListener("change", refreshPage)
  eventSource.addEventListener("open", () => {
    showState("live")
    refreshPage() // for changes before the stream opened
  })
  eventSource.addEventListener("error", () => {
    showState("lost")
    // The browser reconnects by itself, unless the server refused the connection.
    if (eventSource?.readyState === EventSource.CLOSED) setTimeout(connect, reconnectMs)
  })
  showState("opening")
}

button.addEventListener("click", () => {
  following = !following
  connect()
})
document.addEventListener("visibilitychange", connect)
button.hidden = false
connect()
