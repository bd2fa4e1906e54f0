// The stories of the newest release: searched, filtered, a page at a time.

import { ask } from "./api.js";
import { badge, h, number, table, time, times } from "./dom.js";

const LIMIT = 50;
const FILTERS = ["text", "wire", "outlet", "day", "at_least", "status"];

export async function stories({ query, signal, go }) {
  const asked = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""]));
  const offset = Number(query.get("offset") ?? 0);
  const [found, choices] = await Promise.all([ask("stories", { ...asked, offset, limit: LIMIT }, signal), ask("choices", {}, signal)]);
  return { title: "Stories", element: h("section", null, form(asked, choices, go), list(found), pages(found, asked, go)) };
}

function form(asked, choices, go) {
  const pick = (name, label, options) => h("label", null, label,
    h("select", { name }, h("option", { value: "" }, "any"),
      options.map(([value, words]) => h("option", { value, selected: value === asked[name] }, words))));
  const element = h("form", { class: "filters", role: "search" },
    h("label", { class: "wide" }, "Headline", h("input", { type: "search", name: "text", value: asked.text, placeholder: "words, / to search", autocomplete: "off" })),
    pick("wire", "Wire", choices.wires.map((wire) => [wire, wire === "none" ? "no wire" : wire])),
    pick("outlet", "Outlet", choices.outlets.map((one) => [one.outlet_id, one.name || one.outlet_id])),
    pick("day", "Day", choices.days.map((day) => [day, day])),
    pick("at_least", "Outlets", [2, 3, 5, 10, 50].map((size) => [String(size), `${size} or more`])),
    pick("status", "Status", choices.statuses.map((status) => [status, status])));
  const send = () => go("stories", Object.fromEntries(new FormData(element)));
  element.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  element.addEventListener("change", (event) => { if (event.target.tagName === "SELECT") send(); });
  return element;
}

export function marks(one) {
  return [
    one.pub_status !== "usable" && badge(one.pub_status, "bad"),
    one.has_correction && badge("corrected", "warn"),
    one.n_versions > 1 && badge(times(one.n_versions, "version")),
  ];
}

function list(found) {
  if (!found.rows.length) return h("p", { class: "empty" }, "No story fits. Try fewer words or a wider filter.");
  const rows = found.rows.map((one) => [
    h("span", null, h("a", { href: `#/story/${encodeURIComponent(one.story_id)}`, class: "headline" }, one.headline || "(taken down)"), " ", marks(one)),
    one.wire_service ?? h("span", { class: "quiet" }, "no wire"),
    number(one.n_outlets), number(one.n_republications), number(one.word_count), time(one.first_published_at ?? one.first_seen_at),
  ]);
  const heads = ["Story", "Wire", ...["Outlets", "Copies", "Words"].map((name) => ({ name, kind: "number" })), { name: "First out (UTC)", kind: "when" }];
  const element = table(heads, rows, { class: "list stories" });
  for (const row of element.tBodies[0].rows) row.dataset.row = "";
  return element;
}

function pages(found, asked, go) {
  const to = (offset) => () => go("stories", { ...asked, offset: offset || "" });
  const last = found.offset + found.rows.length;
  const of = found.total !== null ? ` of ${number(found.total)}` : found.more ? ", more follow" : "";
  return h("p", { class: "pages" },
    h("button", { type: "button", disabled: !found.offset, onclick: to(Math.max(0, found.offset - LIMIT)) }, "Previous"),
    h("span", null, found.rows.length ? `${number(found.offset + 1)}–${number(last)}${of}` : ""),
    h("button", { type: "button", disabled: !found.more, onclick: to(found.offset + LIMIT) }, "Next"));
}
