// Two drawings: when outlets picked a story up, and which pairs of copies hold it together.

import { duration, h, s, time } from "./dom.js";

const RIGHT = 24, LINE = 22, MOST_LINES = 60;
const STEPS = [5, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 43200]; // minutes between two rules

// As wide as the page has room for, so that on a phone the letters keep their size.
const room = () => Math.max(330, Math.min(720, document.documentElement.clientWidth - 24));

export function timeline(pickups) {
  const WIDE = room(), LEFT = WIDE < 500 ? 112 : 150, most = WIDE < 500 ? 14 : 22;
  const shown = pickups.slice(0, MOST_LINES);
  const last = Math.max(1, ...shown.map((one) => one.lag_minutes + 60 * (one.hours_outdated ?? 0)));
  const span = last * 1.04;
  const x = (minutes) => LEFT + (minutes / span) * (WIDE - LEFT - RIGHT);
  const high = shown.length * LINE + 34;
  const chart = s("svg", { viewBox: `0 0 ${WIDE} ${high}`, class: "chart timeline", role: "img", "aria-label": "When each outlet first ran the story" });
  const step = STEPS.find((minutes) => span / minutes <= WIDE / 130) ?? span / 4;
  for (let minutes = 0; minutes <= span; minutes += step) {
    const at = x(minutes);
    chart.append(s("line", { x1: at, x2: at, y1: 4, y2: high - 24, class: "rule" }),
      s("text", { x: at, y: high - 8, class: "tick", "text-anchor": "middle" }, minutes ? `+${duration(minutes / 60)}` : "first"));
  }
  shown.forEach((one, at) => {
    const y = at * LINE + 15;
    const where = x(one.lag_minutes);
    const kind = one.outdated_by ? "outdated" : one.is_truncated ? "cut" : "whole";
    chart.append(s("text", { x: LEFT - 10, y: y + 4, class: "name", "text-anchor": "end" }, shorten(one.outlet_id, most)));
    if (one.hours_outdated) chart.append(s("line", { x1: where, x2: x(one.lag_minutes + 60 * one.hours_outdated), y1: y, y2: y, class: "stale" }));
    const mark = s("circle", { cx: where, cy: y, r: 5.5, class: `mark ${kind}` });
    mark.append(s("title", null, `${one.outlet_id}: ${time(one.first_published_at ?? one.first_seen_at)} UTC, ${duration(one.lag_minutes / 60)} after the first; version ${one.version_first}${one.version_last > one.version_first ? `, then ${one.version_last}` : ""}${one.outdated_by ? `; kept what a ${one.outdated_by} replaced` : ""}`));
    chart.append(mark);
    const behind = where > (LEFT + WIDE) / 2;
    const note = [one.credit_present ? "" : "no credit", one.removed_at ? "taken off" : ""].filter(Boolean).join(", ");
    if (note) chart.append(s("text", { x: where + (behind ? -11 : 11), y: y + 4, class: "note", "text-anchor": behind ? "end" : "start" }, note));
  });
  return h("figure", null, h("div", { class: "scroll" }, chart),
    h("figcaption", { class: "legend" }, key("whole", "whole"), key("cut", "cut short"), key("outdated", "kept an outdated version"),
      pickups.length > MOST_LINES && h("span", null, `the first ${MOST_LINES} of ${pickups.length} outlets`)));
}

const key = (kind, words) => h("span", null, s("svg", { viewBox: "0 0 12 12", class: "key" }, s("circle", { cx: 6, cy: 6, r: 5, class: `mark ${kind}` })), words);
const shorten = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

const MOST_NODES = 40;

export function graph(story, copies, edges, open) {
  const shown = copies.slice(0, MOST_NODES);
  const inside = new Set(copies.map((copy) => copy.doc_id));
  const wide = room(), aside = wide < 500 ? 120 : 190, high = shown.length > 8 ? 420 : 320, cx = wide / 2, cy = high / 2;
  const place = new Map(shown.map((copy, at) => {
    const angle = (at / Math.max(1, shown.length)) * 2 * Math.PI - Math.PI / 2;
    return [copy.doc_id, { x: cx + Math.cos(angle) * (wide / 2 - aside), y: cy + Math.sin(angle) * (high / 2 - 36), angle }];
  }));
  const chart = s("svg", { viewBox: `0 0 ${wide} ${high}`, class: "chart graph", role: "img", "aria-label": "Pairs of copies: accepted and refused" });
  let outside = 0;
  for (const edge of edges) {
    const a = place.get(edge.doc_id_a), b = place.get(edge.doc_id_b);
    if (!inside.has(edge.doc_id_a) || !inside.has(edge.doc_id_b)) outside += 1;
    if (!a || !b) continue;
    const line = s("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: `edge ${edge.decision} ${edge.decided_by}` });
    line.append(s("title", null, `${edge.decision} by ${edge.rule}${edge.score === null ? "" : `, score ${edge.score.toFixed(1)}`}; Jaccard ${edge.jaccard.toFixed(2)}`));
    chart.append(line);
  }
  for (const copy of shown) {
    const { x, y, angle } = place.get(copy.doc_id);
    const right = Math.cos(angle) > 0.15, left = Math.cos(angle) < -0.15;
    chart.append(s("circle", { cx: x, cy: y, r: 7, class: `node ${copy.doc_id === story.canonical_doc_id ? "canonical" : ""}` }, s("title", null, copy.headline)),
      s("text", { x: x + (right ? 13 : left ? -13 : 0), y: y + (right || left ? 4 : Math.sin(angle) > 0 ? 24 : -14), class: "name", "text-anchor": right ? "start" : left ? "end" : "middle" }, shorten(copy.outlet_id, wide < 500 ? 15 : 22)));
  }
  return h("figure", null, h("div", { class: "scroll" }, chart),
    h("figcaption", { class: "legend" },
      h("span", null, line("accepted"), "accepted"), h("span", null, line("refused"), "refused"), h("span", null, line("accepted human"), "judged by a person"),
      copies.length > MOST_NODES && h("span", null, `the first ${MOST_NODES} of ${copies.length} copies`),
      outside > 0 && h("span", null, `${outside} refused pairs lead to other stories: `, h("a", { href: "#pairs", onclick: open }, "listed below"))));
}

const line = (kind) => s("svg", { viewBox: "0 0 22 12", class: "key long" }, s("line", { x1: 1, x2: 21, y1: 6, y2: 6, class: `edge ${kind}` }));
