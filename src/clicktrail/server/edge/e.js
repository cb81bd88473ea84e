// clicktrail: reports once whether a person uses the landing page of a click. Stores nothing.
(() => {
  "use strict";
  const match = /^#clicktrail=([\w-]+)$/.exec(location.hash);
  if (!match) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  if (navigator.globalPrivacyControl || navigator.doNotTrack === "1") return;

  const beaconUrl = new URL("e", document.currentScript.src).href;
  const activation = navigator.userActivation || {};
  const minDwell = 1000; // ms in view
  let dwell = 0, updatedAt = 0, visible = false, active = false, sent = false, timer;

  const send = (kind) => {
    if (sent) return;
    sent = true;
    const depth = Math.min(1, (scrollY + innerHeight) / document.documentElement.scrollHeight) || 0;
    navigator.sendBeacon(beaconUrl, JSON.stringify({
      landing_token: match[1], kind, dwell_ms: Math.round(dwell), scroll_pct: Math.round(100 * Math.max(0, depth)),
    }));
  };
  const update = () => {
    const now = performance.now();
    if (visible) dwell += now - updatedAt;
    updatedAt = now;
    visible = document.visibilityState === "visible";
    active = active || activation.hasBeenActive === true;
    clearTimeout(timer);
    if (active && dwell >= minDwell) send("engaged");
    else if (active && visible) timer = setTimeout(update, minDwell - dwell);
  };
  const onInput = (event) => {
    active = active || event.isTrusted;
    if (!sent) update();
  };

  update();
  // Not "scroll": scripts cause trusted scroll events, too.
  for (const type of ["pointerdown", "keydown", "wheel"]) addEventListener(type, onInput, { capture: true, passive: true });
  addEventListener("visibilitychange", update, true);
  addEventListener("pagehide", () => { update(); send("loaded"); });
})();
