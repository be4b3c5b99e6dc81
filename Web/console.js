// What the server-rendered pages cannot do alone: live parts, keys, presets, theme. Without it everything still works.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // ---- Live parts: an event names what changed; the parts that show it are fetched again and swapped.
  const offline = $("#offline");
  const late = $("#late");
  const patience = 10_000;
  const wanted = new Set();
  let timer = 0;
  let loading = false;

  function busy(part) {
    // Never under the hands of a person: an open form, a text being typed, a selection.
    const active = document.activeElement;
    if (active && part.contains(active) && active.matches("input, select, textarea")) return true;
    // A question that waits for its answer, a form that was refused, and what was typed stay until the person is through.
    if ($("details.confirm[open], [aria-invalid=true], form .banner-error", part)) return true;
    if ($$("form[method=post] :is(input, textarea)", part).some((field) => field.value !== field.defaultValue)) return true;
    const selection = getSelection();
    return selection && !selection.isCollapsed && part.contains(selection.anchorNode);
  }

  // Old values stay, greyed and with their time; the next answer takes them away.
  function showLate(isLate) {
    document.body.classList.toggle("is-late", isLate);
    if (late) late.hidden = !isLate;
  }

  async function refresh() {
    timer = 0;
    if (loading || document.hidden) return;
    const names = new Set(wanted);
    wanted.clear();
    const parts = $$("[data-live]").filter((part) => part.dataset.live.split(" ").some((name) => names.has(name)));
    if (parts.length === 0) return;
    loading = true;
    const waiting = setTimeout(() => document.body.classList.add("is-late"), 1000);
    let again = false;
    try {
      // A page that answers a form is had again from its own address.
      const url = new URL($("#main").dataset.address ?? location.href, location.href);
      url.searchParams.delete("note");
      const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(patience) });
      again = !answer.ok;
      if (answer.ok && !answer.redirected) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of parts) {
          const next = fresh.getElementById(part.id);
          if (!next || busy(part) || next.innerHTML === part.innerHTML) continue;
          const open = $$("details", part).map((details) => details.open);
          const off = $$(".legend-key[aria-pressed=false]", part).map((key) => key.dataset.series);
          const chosen = $("tr.chosen a", part)?.href;
          part.innerHTML = next.innerHTML;
          $$("details", part).forEach((details, index) => { details.open ||= open[index] === true; });
          off.forEach((name) => toggle($(`.legend-key[data-series="${name}"]`, part)));
          if (chosen) $$("tr[data-row]", part).find((row) => $("a", row)?.href === chosen)?.classList.add("chosen");
        }
        const footer = $(".foot time", fresh);
        if (footer) $(".foot time")?.replaceWith(footer);
      }
    } catch {
      again = true;
    } finally {
      clearTimeout(waiting);
      loading = false;
      // When the server is gone the event stream says so, and asks for everything when it is back.
      const isGone = document.body.classList.contains("is-offline");
      showLate(again && !isGone);
      if (again && !isGone) {
        for (const name of names) wanted.add(name);
        timer ||= setTimeout(refresh, patience / 2);
      } else if (wanted.size > 0) schedule();
    }
  }

  function schedule() { timer ||= setTimeout(refresh, 1000); }

  if ($("[data-live]") && "EventSource" in window) {
    const names = ["station", "session", "power", "alarm", "plan", "command", "campaign", "payment"];
    const events = new EventSource("/api/v1/events");
    for (const name of names) events.addEventListener(name, () => { wanted.add(name); schedule(); });
    let opened = false;
    // What happened between the page and its events nobody tells: where that was long, it is asked for.
    const answeredAt = performance.getEntriesByType("navigation")[0]?.responseStart ?? 0;
    events.onopen = () => {
      document.body.classList.remove("is-offline");
      if (offline) offline.hidden = true;
      $$("main button[data-was-enabled]").forEach((button) => { button.disabled = false; delete button.dataset.wasEnabled; });
      if (opened || performance.now() - answeredAt > 300) { names.forEach((name) => wanted.add(name)); schedule(); }
      opened = true;
    };
    events.onerror = () => {
      document.body.classList.add("is-offline");
      if (offline) offline.hidden = false;
      $$("main form[method=post] button:not(:disabled)").forEach((button) => {
        button.disabled = true; button.dataset.wasEnabled = "1"; button.title = offline ? offline.textContent : "";
      });
    };
    addEventListener("pagehide", () => events.close());
    document.addEventListener("visibilitychange", () => { if (!document.hidden && wanted.size > 0) schedule(); });
  }

  // ---- Charts: legend keys switch lines.
  function toggle(key) {
    if (!key) return;
    const shown = key.getAttribute("aria-pressed") === "true";
    key.setAttribute("aria-pressed", String(!shown));
    $(`g[data-series="${key.dataset.series}"]`, key.closest("figure"))?.classList.toggle("off", shown);
  }

  document.addEventListener("click", (event) => {
    const key = event.target.closest(".legend-key");
    if (key) toggle(key);
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();
  });

  // ---- Forms: presets, files, selects that submit themselves, no double posts.
  document.addEventListener("change", async (event) => {
    const field = event.target;
    if (field.matches("[data-submit]")) field.form.requestSubmit();
    if (field.matches("[data-preset]")) {
      const { action, payload } = field.selectedOptions[0].dataset;
      if (action) { field.form.elements.action.value = action; field.form.elements.payload.value = payload; }
    }
    if (field.matches("[data-fill]") && field.files[0]) {
      document.getElementById(field.dataset.fill).value = (await field.files[0].text()).replace(/^\uFEFF/, "");
    }
  });
  // A firmware image goes as it lies on the disk; no page could hold it.
  async function upload(form) {
    const file = form.elements.file.files[0];
    const [button, problem] = [$("button", form), $("[data-problem]", form)];
    if (!file || button.disabled) return;
    button.disabled = true;
    problem.hidden = true;
    const name = file.name.replace(/[^A-Za-z0-9._-]/g, "_").replace(/^\.+/, "").slice(-100) || "firmware";
    try {
      const answer = await fetch(`${form.getAttribute("action")}?name=${encodeURIComponent(name)}`, {
        method: "POST", body: file,
        headers: { "X-CSRF-Token": form.dataset.upload, "Content-Type": "application/octet-stream" },
      });
      if (answer.ok) return location.reload();
      problem.textContent = (await answer.json()).detail;
    } catch (error) {
      problem.textContent = String(error);
    }
    problem.hidden = false;
    button.disabled = false;
  }

  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (event.target.dataset.upload) { event.preventDefault(); upload(event.target); return; }
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
    setTimeout(() => { delete event.target.dataset.sent; }, 3000);
  });

  // ---- Theme: auto, light, dark; the server reads the cookie, so no page flashes.
  const theme = $("#theme");
  if (theme) {
    const root = document.documentElement;
    const show = () => { theme.textContent = theme.dataset[root.dataset.theme]; };
    show();
    theme.addEventListener("click", () => {
      const order = ["auto", "light", "dark"];
      root.dataset.theme = order[(order.indexOf(root.dataset.theme) + 1) % 3];
      document.cookie = `tidewatt_theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
      show();
    });
  }

  // ---- Keys. None fires a field command by itself.
  const places = { o: "overview", s: "stations", c: "sessions", i: "sites", a: "alarms", r: "reports" };
  let going = 0;

  function move(step) {
    const rows = $$("main tr[data-row]");
    if (rows.length === 0) return;
    const at = rows.findIndex((row) => row.classList.contains("chosen"));
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
    rows[at]?.classList.remove("chosen");
    rows[next].classList.add("chosen");
    rows[next].scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (document.activeElement?.matches("input, select, textarea")) document.activeElement.blur();
      else if (!$("dialog[open]")) $("tr.chosen")?.classList.remove("chosen");
      return;
    }
    if (event.target.matches("input, select, textarea") || $("dialog[open]")) return;
    if (going && Date.now() - going < 1500) {
      going = 0;
      const link = $(`.side a[data-key="${places[event.key]}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    const row = $("tr.chosen");
    switch (event.key) {
      case "g": going = Date.now(); break;
      case "/": {
        const field = $("[data-key=search]");
        event.preventDefault();
        if (field) field.focus(); else location.href = "/stations#search";
        break;
      }
      case "?": $("#keys")?.showModal(); break;
      case "t": $$("details.as-table").forEach((details) => { details.open = !details.open; }); break;
      case "j": move(1); break;
      case "k": move(-1); break;
      case "Enter": if (row && document.activeElement === document.body) $("a", row)?.click(); break;
      case "a": $("[data-acknowledge]", row ?? document.createElement("i"))?.click(); break;
      case "[": $("[data-key=earlier]")?.click(); break;
      case "]": $("[data-key=later]")?.click(); break;
    }
  });
  if (location.hash === "#search") $("[data-key=search]")?.focus();
})();
