// One story: its text, versions, pickups, copies, credit and the pairs that hold it together.

import { ask } from "./api.js";
import { graph, timeline } from "./charts.js";
import { badge, duration, h, number, pageLink, share, table, time, times } from "./dom.js";
import { marks } from "./stories.js";
import { merged } from "./texts.js";

export async function story({ id, signal }) {
  const told = await ask("story", { story_id: id }, signal);
  const one = told.story;
  const element = h("article", { class: "story" },
    h("p", null, h("a", { href: "#/stories" }, "← Stories")),
    told.asked_for !== one.story_id && h("p", { class: "notice" }, `${told.asked_for} was merged into this story.`),
    h("h1", null, one.headline || "(taken down)", " ", marks(one)),
    h("p", { class: "quiet" }, [one.byline, one.wire_service ?? "no wire", one.dateline_place, time(one.first_published_at ?? one.first_seen_at) + " UTC"].filter(Boolean).join(" · ")),
    facts(one),
    part("Pickups", timeline(told.pickups)),
    part("Text", canonical(one)),
    told.versions.length > 1 && part("Versions", told.versions.map((version) => versionRow(one, version))),
    part(`Copies`, told.n_copies > told.copies.length && h("p", { class: "quiet" }, `The first ${told.copies.length} of ${number(told.n_copies)}.`), told.copies.map((copy) => copyRow(one, copy))),
    part("Credit", credit(one, told)),
    part("Pairs", pairs(one, told)));
  return { title: one.headline, element };
}

const part = (title, ...children) => h("section", null, h("h2", null, title), children);

function facts(one) {
  const rows = [
    ["Outlets", number(one.n_outlets)], ["Owner groups", number(one.n_owner_groups)], ["Copies", number(one.n_republications)],
    ["Independent texts", number(one.n_independent_texts)], ["Words", number(one.word_count)], ["Usage", one.usage_class],
  ];
  return h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
}

function canonical(one) {
  if (one.takedown_id) return h("p", { class: "notice" }, `Its content was taken down (${one.takedown_id}).`);
  if (!one.body) return h("p", { class: "quiet" }, "This release holds no text of it.");
  return [
    h("p", { class: "quiet" }, one.canonical_reason),
    h("div", { class: "text reading" }, one.body.split("\n").map((paragraph) => h("p", null, paragraph))),
    h("p", { class: "quiet id" }, one.story_id),
  ];
}

// What is long is asked for when it is opened.
function unfolding(summary, load) {
  const element = h("details", { "data-row": "" }, summary);
  element.addEventListener("toggle", async () => {
    if (!element.open || element.children.length > 1) return;
    const inside = h("div", { class: "inside" }, h("p", { class: "quiet" }, "Reading…"));
    element.append(inside);
    try { inside.replaceChildren(...[await load()].flat(Infinity).filter(Boolean)); } catch (error) { inside.replaceChildren(h("p", { class: "error" }, error.message)); }
  });
  return element;
}

function versionRow(one, version) {
  const words = [`+${number(version.words_added)} −${number(version.words_removed)} words`, times(version.n_outlets, "outlet"), `${number(version.n_outlets_still_live)} still show it`];
  return unfolding(
    h("summary", null, h("strong", null, `Version ${version.version_no}`), " ", badge(version.kind, { kill: "bad", correction: "warn" }[version.kind]),
      h("span", { class: "quiet" }, ` ${time(version.first_published_at ?? version.first_seen_at)} UTC · ${words.join(" · ")}`)),
    async () => {
      const told = await ask("version", { story_id: one.story_id, version_no: version.version_no });
      if (!told.paragraphs) return h("p", { class: "quiet" }, "Its text is a notice that stands in another story.");
      const about = told.before === version.version_no ? "The first version." : `Against version ${told.before}: struck out is what went, underlined what came.`;
      return [version.editors_note && h("p", { class: "notice" }, version.editors_note), h("p", { class: "quiet" }, about), merged(told.paragraphs)];
    });
}

function copyRow(one, copy) {
  const told = [
    copy.doc_id === one.canonical_doc_id && badge("canonical", "good"),
    !["exact", "canonical"].includes(copy.relation) && badge(copy.relation.replace("_", " ")),
    copy.n_paragraphs_omitted > 0 && badge(`−${copy.n_paragraphs_omitted} ¶`, "cut", "paragraphs left out"),
    copy.n_paragraphs_added > 0 && badge(`+${copy.n_paragraphs_added} ¶`, "added", "paragraphs added"),
    copy.headline_changed && badge("new headline"), copy.credit_dropped && badge("no credit", "warn"),
    copy.outdated_by && badge(`outdated: ${copy.outdated_by}`, "bad"), copy.gone_at && badge("gone"), copy.takedown_id && badge("taken down", "bad"),
  ];
  return unfolding(
    h("summary", null, h("strong", null, copy.outlet_id), " ", told, h("span", { class: "under" }, copy.headline || "(taken down)")),
    async () => {
      const full = await ask("copy", { story_id: one.story_id, doc_id: copy.doc_id });
      return [
        h("p", { class: "quiet" }, pageLink(copy.url), ` · version ${copy.version_no} · published ${time(copy.published_at)} · last seen ${time(copy.last_seen_at)} UTC`, copy.hours_outdated ? ` · outdated for ${duration(copy.hours_outdated)}` : ""),
        full.against && full.against.doc_id !== copy.doc_id && h("p", { class: "quiet" }, `Against the text of its version, from ${full.against.outlet_id}: struck out is what it left out, underlined what it added. ${share(copy.containment_of_canonical)} of the canonical text is in it.`),
        evidence(copy.wire_evidence),
        merged(full.paragraphs),
        full.copy.footer && h("p", { class: "quiet footer" }, full.copy.footer),
        h("p", { class: "quiet id" }, copy.doc_id),
      ];
    });
}

const evidence = (quotes) => quotes.length > 0 && h("ul", { class: "quotes" }, quotes.map((one) => h("li", null, h("q", null, one.quote), h("span", { class: "quiet" }, ` in the ${one.where}, by rule ${one.rule}`))));

function credit(one, told) {
  if (!told.evidence.length) return h("p", { class: "quiet" }, "No copy credits a wire.");
  return [
    h("p", null, `${one.wire_service ?? "No service"}, credited most by ${times(one.wire_copies, "copy", "copies")}; the surest credit at ${share(one.wire_confidence)}.`),
    table(["Words", "Where", "Rule", { name: "Copies", kind: "number" }], told.evidence.map((row) => [h("q", null, row.quote), row.where, row.rule, number(row.copies)]), { class: "list" }),
  ];
}

function pairs(one, told) {
  if (!told.edges.length) return h("p", { class: "quiet" }, "It has one copy, and nothing came near it.");
  const outlet = new Map(told.copies.map((copy) => [copy.doc_id, copy.outlet_id]));
  const link = (edge) => h("a", { href: `#/queue?doc_a=${encodeURIComponent(edge.doc_id_a)}&doc_b=${encodeURIComponent(edge.doc_id_b)}&near=${told.seen_day}` }, `${outlet.get(edge.doc_id_a) ?? "another story"} – ${outlet.get(edge.doc_id_b) ?? "another story"}`);
  const rows = told.edges.slice(0, 200).map((edge) => [link(edge), edge.decision, edge.rule, edge.score === null ? "—" : edge.score.toFixed(1), edge.jaccard.toFixed(2)]);
  const listed = h("details", { id: "pairs" }, h("summary", null, `All ${times(told.n_edges, "pair")}`, rows.length < told.n_edges && h("span", { class: "quiet" }, ` (the first ${rows.length})`)),
    table(["Pair", "Decision", "Rule", { name: "Score", kind: "number" }, { name: "Jaccard", kind: "number" }], rows, { class: "list" }));
  const open = (event) => { event.preventDefault(); listed.open = true; listed.scrollIntoView(); };
  return [told.copies.length > 1 && graph(one, told.copies, told.edges, open), listed];
}
