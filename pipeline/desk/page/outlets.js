// The outlets: how their last runs went, how much of theirs others ran too, how long they are silent.

import { ask } from "./api.js";
import { badge, duration, h, number, s, share, table, time } from "./dom.js";

const SILENT_HOURS = 24;

export async function outlets({ signal }) {
  const told = await ask("outlets", {}, signal);
  const order = (one) => [state(one) === "ok" ? 1 : 0, -(one.hours_silent ?? Infinity)];
  const rows = told.rows.sort((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1] || a.outlet_id.localeCompare(b.outlet_id));
  const heads = ["Outlet", "Health", "Last runs", ...["Silent for", "Copies", "Shared", "Readable", "Quarantined"].map((name) => ({ name, kind: "number" }))];
  const cells = rows.map((one) => [
    h("span", null, h("a", { href: `#/stories?outlet=${encodeURIComponent(one.outlet_id)}`, class: "headline" }, one.name || one.outlet_id), h("span", { class: "under" }, [one.owner_group, one.market].filter(Boolean).join(" · "))),
    health(one), strip(one.runs), silence(one), number(one.n_republications), share(one.duplicate_share), share(one.extraction_ok_share), number(one.quarantined),
  ]);
  const list = table(heads, cells, { class: "list" });
  for (const row of list.tBodies[0].rows) row.dataset.row = "";
  const bad = rows.filter((one) => state(one) !== "ok").length;
  return {
    title: "Outlets",
    element: h("section", null, h("p", null, `${number(rows.length)} outlets, ${number(bad)} in trouble, as of ${time(told.now)} UTC.`), list,
      h("p", { class: "quiet" }, "Shared: copies whose story another outlet ran too. Readable: of the pages that could be fetched. Silent: since its last new copy.")),
  };
}

const state = (one) => one.runs.at(-1)?.state ?? "ok";

function health(one) {
  const last = one.runs.at(-1);
  const told = badge(state(one), { ok: "good", degraded: "warn" }[state(one)] ?? "bad");
  return last?.reason ? h("span", null, told, h("span", { class: "under" }, last.reason)) : told;
}

const silence = (one) => one.hours_silent > SILENT_HOURS ? badge(duration(one.hours_silent), "warn") : duration(one.hours_silent);

function strip(runs) {
  if (!runs.length) return "—";
  const chart = s("svg", { viewBox: `0 0 ${runs.length * 8} 16`, width: runs.length * 8, height: 16, class: "strip", role: "img", "aria-label": `states of the last ${runs.length} runs` });
  runs.forEach((run, at) => {
    const bar = s("rect", { x: at * 8, y: 1, width: 6, height: 14, rx: 1.5, class: run.state });
    bar.append(s("title", null, `${run.run_id}: ${run.state}, ${run.published} published, ${run.quarantined} in quarantine`));
    chart.append(bar);
  });
  return chart;
}
