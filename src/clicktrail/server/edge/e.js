// clicktrail: tells once whether a person is on the page that a click led to. Stores nothing.
(() => {
  "use strict";
  const found = /^#clicktrail=([\w-]+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  if (navigator.globalPrivacyControl || navigator.doNotTrack === "1") return;

  const target = new URL("e", document.currentScript.src).href;
  const activation = navigator.userActivation || {};
  const enough = 1000; // ms in view
  let dwell = 0, since = 0, visible = false, person = false, told = false, timer;

  const tell = (kind) => {
    if (told) return;
    told = true;
    const depth = Math.min(1, (scrollY + innerHeight) / document.documentElement.scrollHeight) || 0;
    navigator.sendBeacon(target, JSON.stringify({
      landing_token: found[1], kind, dwell_ms: Math.round(dwell), scroll_pct: Math.round(100 * Math.max(0, depth)),
    }));
  };
  const look = () => {
    const now = performance.now();
    if (visible) dwell += now - since;
    since = now;
    visible = document.visibilityState === "visible";
    person = person || activation.hasBeenActive === true;
    clearTimeout(timer);
    if (person && dwell >= enough) tell("engaged");
    else if (person && visible) timer = setTimeout(look, enough - dwell);
  };
  const act = (event) => {
    person = person || event.isTrusted;
    if (!told) look();
  };

  look();
  // No "scroll": scripts cause it too, and it is trusted all the same.
  for (const name of ["pointerdown", "keydown", "wheel"]) addEventListener(name, act, { capture: true, passive: true });
  addEventListener("visibilitychange", look, true);
  addEventListener("pagehide", () => { look(); tell("loaded"); });
})();
