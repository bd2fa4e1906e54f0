// Pairs near the threshold, one at a time: same, different or skip, with a reason.

import { ask, say } from "./api.js";
import { badge, h, pageLink, share, table, time, times } from "./dom.js";
import { sideBySide } from "./texts.js";

const WITHIN = [["0.5", "the least sure"], ["1", "unsure"], ["2", "rather unsure"], ["5", "all within 5"]];

export async function queue({ query, signal, go, redraw }) {
  const within = query.get("within") ?? "1";
  const asked = query.get("doc_a") ? { doc_id_a: query.get("doc_a"), doc_id_b: query.get("doc_b"), seen_day: query.get("near") } : null;
  const [waiting, judged] = await Promise.all([ask("queue", { within }, signal), ask("judgements", {}, signal)]);
  const next = asked ?? waiting.rows[0];
  const told = next && await ask("pair", { doc_a: next.doc_id_a, doc_b: next.doc_id_b, near: next.seen_day }, signal);
  const choose = h("label", null, "Scores", h("select", { onchange: (event) => go("queue", { within: event.target.value }) },
    WITHIN.map(([value, words]) => h("option", { value, selected: value === within }, `${words} (±${value})`))));
  const after = () => (asked ? go("queue", { within }) : redraw());
  const shown = told ? pair(told, after) : { element: h("p", { class: "empty" }, "Nothing waits here: every pair so near the threshold was looked at."), keys: {} };
  const element = h("section", null,
    h("div", { class: "bar" }, h("p", null, `${times(waiting.rows.length, "pair")} waiting`, waiting.days < waiting.of_days && ` from the newest ${times(waiting.days, "day")}`), choose),
    shown.element, history(judged));
  return { title: "Queue", element, keys: shown.keys };
}

function pair(told, after) {
  const { edge } = told;
  const why = h("input", { type: "text", name: "why", maxlength: 2000, required: true, autocomplete: "off", placeholder: "why, in a few words", value: told.judgement?.why ?? "" });
  const message = h("p", { class: "error", role: "alert", hidden: true });
  const form = h("form", { class: "judge" }, h("label", { class: "wide" }, "Reason", why),
    [["same", "Same story", "s"], ["different", "Different", "d"], ["skip", "Skip", "x"]].map(([verdict, words, key]) =>
      h("button", { type: "submit", value: verdict, class: verdict }, words, " ", h("kbd", null, key))), message);
  let busy = false;
  const send = async (verdict) => {
    if (busy) return;
    if (!why.value.trim() && verdict === "skip") why.value = "cannot tell";
    if (!why.value.trim()) {
      message.textContent = "Give a reason: it is kept with the judgement.";
      message.hidden = false;
      why.focus();
      return;
    }
    busy = true;
    try {
      await say("judgements", { doc_id_a: told.a.doc_id, doc_id_b: told.b.doc_id, verdict, why: why.value.trim() });
      after();
    } catch (error) {
      message.textContent = error.message;
      message.hidden = false;
    } finally { busy = false; }
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); send(event.submitter?.value || "skip"); });
  // Enter in the reason must not choose a verdict: it leaves the field, and the keys choose.
  why.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); why.blur(); } });
  const apart = told.a.story_id === told.b.story_id ? badge("one story now", "good") : badge("two stories now", "warn");
  const element = h("div", null,
    h("p", { class: "verdict" }, apart, edge && [" ", badge(`${edge.decision} by ${edge.rule.replace("_", " ")}`), edge.score !== null && [" ", badge(`score ${edge.score.toFixed(2)}`)],
      h("span", { class: "quiet" }, ` Jaccard ${edge.jaccard.toFixed(2)} · ${share(edge.containment_ab)} of the left in the right, ${share(edge.containment_ba)} of the right in the left`)]),
    told.judgement && h("p", { class: "notice" }, `${told.judgement.by} said “${told.judgement.verdict}” on ${time(told.judgement.at)}: ${told.judgement.why}`),
    form,
    h("div", { class: "sides heads" }, [told.a, told.b].map(head)),
    sideBySide(told.paragraphs),
    edge?.reasons.length > 0 && h("details", null, h("summary", null, "What moved the score"),
      table(["Figure", { name: "Value", kind: "number" }, { name: "Weight", kind: "number" }], edge.reasons.map((one) => [one.figure.replaceAll("_", " "), one.value.toFixed(2), (one.weight > 0 ? "+" : "") + one.weight.toFixed(2)]), { class: "list" })));
  return { element, keys: { s: () => send("same"), d: () => send("different"), x: () => send("skip") } };
}

const head = (copy) => h("div", null,
  h("h2", null, copy.headline || "(taken down)"),
  h("p", { class: "quiet" }, pageLink(copy.url, copy.outlet_id), ` · ${copy.wire_service ?? "no wire"} · ${time(copy.published_at)} UTC · `, h("a", { href: `#/story/${encodeURIComponent(copy.story_id)}` }, "its story")));

function history(judged) {
  if (!judged.length) return null;
  const rows = judged.slice(0, 50).map((one) => [badge(one.verdict, { same: "good", different: "warn" }[one.verdict]), one.why, one.by, time(one.at),
    h("a", { href: `#/queue?doc_a=${encodeURIComponent(one.doc_id_a)}&doc_b=${encodeURIComponent(one.doc_id_b)}` }, "look again")]);
  return h("section", null, h("h2", null, "Judged"), h("p", { class: "quiet" }, "A judgement binds from the next run on; a later one on the same pair replaces it."),
    table(["Verdict", "Reason", "By", "When (UTC)", ""], rows, { class: "list" }));
}
