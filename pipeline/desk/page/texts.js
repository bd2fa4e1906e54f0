// Two texts as one, or side by side: what was cut, what was added, which words were changed.

import { h } from "./dom.js";

const words = (stretches, tag) => stretches.map((one, at) => [at ? " " : "", one.shared ? one.text : h(tag, null, one.text)]);

export function merged(paragraphs) {
  return h("div", { class: "text" }, paragraphs.map((row) => {
    if (row.kind === "aside") return h("p", { class: "aside", title: "counted as neither: an outlet's own chrome, or it only moved" }, words(row.a ?? row.b));
    if (row.kind === "only_a") return row.a && h("p", { class: "cut" }, h("del", null, words(row.a)));
    if (row.kind === "only_b") return row.b && h("p", { class: "added" }, h("ins", null, words(row.b)));
    if (row.kind === "changed") return h("p", { class: "changed" }, interleaved(row.a, row.b));
    return row.b && h("p", null, words(row.b));
  }));
}

// Shared stretches come in the same order on both sides; before each stands what went, then what came.
function interleaved(a, b) {
  const out = [];
  let at = 0;
  const went = () => { for (; at < a.length && !a[at].shared; at += 1) out.push(" ", h("del", null, a[at].text)); };
  for (const one of b) {
    went();
    out.push(" ", one.shared ? one.text : h("ins", null, one.text));
    if (one.shared) at += 1;
  }
  went();
  return out;
}

export function sideBySide(paragraphs) {
  const side = (stretches, kind, tag) => h("p", { class: kind }, stretches ? words(stretches, tag) : "");
  return h("div", { class: "sides" }, paragraphs.filter((row) => row.a || row.b).map((row) => [
    side(row.a, row.kind === "only_a" ? "cut" : row.kind, "del"),
    side(row.b, row.kind === "only_b" ? "added" : row.kind, "ins"),
  ]));
}
