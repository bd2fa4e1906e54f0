// Which page is shown is told by the address behind the #, so that every page can be linked and gone back from.

import { ask } from "./api.js";
import { h, time } from "./dom.js";
import { outlets } from "./outlets.js";
import { queue } from "./queue.js";
import { release, releases } from "./releases.js";
import { stories } from "./stories.js";
import { story } from "./story.js";

const PAGES = { stories, story, queue, outlets, releases, release };
const main = document.getElementById("main");
let turn = new AbortController();
let keys = {};

function address() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = (path || "stories").split("/");
  return { page: page in PAGES ? page : "stories", id: rest.length ? decodeURIComponent(rest.join("/")) : null, query: new URLSearchParams(query) };
}

async function show() {
  turn.abort();
  turn = new AbortController();
  const { signal } = turn;
  const { page, id, query } = address();
  for (const link of document.querySelectorAll("nav a")) {
    const own = link.getAttribute("href").slice(2);
    if (own === page || own === { story: "stories", release: "releases" }[page]) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  keys = {};
  main.setAttribute("aria-busy", "true");
  try {
    const shown = await PAGES[page]({ id, query, signal, go, redraw: show });
    if (signal.aborted) return;
    keys = shown.keys ?? {};
    document.title = `${shown.title} · Wire desk`;
    main.replaceChildren(shown.element);
    window.scrollTo(0, 0);
    shown.ready?.();
  } catch (error) {
    if (signal.aborted) return;
    main.replaceChildren(h("p", { class: "error", role: "alert" }, error.message));
  } finally {
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

function go(page, parameters) {
  const query = new URLSearchParams(Object.entries(parameters ?? {}).filter(([, value]) => value)).toString();
  location.hash = `#/${page}${query ? "?" + query : ""}`;
}

// j and k walk over what a page marks as its rows.
function step(by) {
  const rows = [...main.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by))];
  (next.querySelector("a, button, summary") ?? next).focus();
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, textarea, select");
  if (typing) {
    if (event.key === "Escape") typing.blur();
    return;
  }
  const action = { j: () => step(1), k: () => step(-1), "/": () => main.querySelector("[type=search]")?.focus(), ...keys }[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});

// Inside Airflow its own switch between light and dark counts, outside the system's.
function theme() {
  let outer = null;
  try { outer = window.parent === window ? null : window.parent.document.documentElement; } catch { /* another site's frame */ }
  if (!outer) return;
  const take = () => {
    const dark = outer.classList.contains("dark") || outer.getAttribute("data-theme") === "dark";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  take();
  new MutationObserver(take).observe(outer, { attributes: true, attributeFilter: ["class", "data-theme"] });
}

theme();
window.addEventListener("hashchange", show);
show();
ask("summary").then(
  (newest) => document.getElementById("release").replaceChildren(
    "Release ", h("a", { href: `#/release/${encodeURIComponent(newest.release)}` }, newest.release), h("span", { class: "made" }, `, made ${time(newest.created_at)} UTC`)),
  () => {});
