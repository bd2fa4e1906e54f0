// The releases, and of one of them what its run counted and what its checks measured.

import { ask } from "./api.js";
import { badge, h, number, table, time } from "./dom.js";

const amount = (name) => ({ name, kind: "number" });

export async function releases({ signal }) {
  const told = await ask("releases", {}, signal);
  const rows = told.rows.map((one) => [
    h("span", null, h("a", { href: `#/release/${encodeURIComponent(one.release)}`, class: "headline" }, one.release), " ", one.current && badge("current", "good")),
    time(one.created_at), number(one.stories), number(one.republications), number(one.changed_stories), warned(one),
  ]);
  const list = table(["Release", "Made (UTC)", amount("Stories"), amount("Copies"), amount("Changed"), "Checks"], rows, { class: "list" });
  for (const row of list.tBodies[0].rows) row.dataset.row = "";
  return { title: "Releases", element: h("section", null, list, told.total > rows.length && h("p", { class: "quiet" }, `The newest ${rows.length} of ${number(told.total)}.`)) };
}

const warned = (one) => one.checks_failed.length ? badge(`${one.checks_failed.length} to look at`, "warn", one.checks_failed.map((check) => check.check).join(", ")) : badge("all hold", "good");

export async function release({ id, signal }) {
  const one = await ask("release", { release: id }, signal);
  const checks = one.checks.sort((a, b) => a.ok - b.ok || a.check.localeCompare(b.check));
  const element = h("article", null,
    h("p", null, h("a", { href: "#/releases" }, "← Releases")),
    h("h1", null, `Release ${one.release}`),
    h("p", { class: "quiet" }, `run ${one.run_id} · made ${time(one.created_at)} UTC · code ${one.code_version} · params ${one.params_digest.slice(0, 12)} · after ${one.previous ?? "nothing"}`),
    h("h2", null, "Counts"), h("dl", { class: "facts" }, Object.entries(one.counts).map(([name, value]) => h("div", null, h("dt", null, name.replaceAll("_", " ")), h("dd", null, number(value))))),
    one.quarantine.length > 0 && [h("h2", null, "Quarantine of this run"), table(["Reason", amount("Pages")], one.quarantine.map(([reason, pages]) => [reason, number(pages)]), { class: "list narrow" })],
    h("h2", null, "Checks"), checksOf(checks),
    h("h2", null, "Tables"), table(["Table", amount("Rows"), amount("Files"), amount("MB")], one.tables.map((row) => [row.table, number(row.rows), number(row.files), (row.bytes / 1e6).toFixed(2)]), { class: "list narrow" }),
    one.runs.length > 0 && [h("h2", null, "Its run, by outlet"), runs(one.runs)]);
  return { title: `Release ${one.release}`, element };
}

function checksOf(checks) {
  const row = (check) => [check.ok ? badge("holds", "good") : badge(check.level, check.level === "error" ? "bad" : "warn"),
    h("span", null, h("code", null, check.check), h("span", { class: "under" }, check.detail ?? check.reason)), `${trim(check.value)} ${check.comparison} ${trim(check.limit)}`];
  const heads = ["", "Check", amount("Value, limit")];
  const failed = checks.filter((check) => !check.ok), held = checks.filter((check) => check.ok);
  return [failed.length > 0 && table(heads, failed.map(row), { class: "list" }),
    h("details", null, h("summary", null, `${held.length} checks hold`), table(heads, held.map(row), { class: "list" }))];
}

const trim = (value) => Number(value.toFixed(3)).toString();

const runs = (rows) => table(["Outlet", "State", ...["Taken up", "Published", "Unchanged", "Quarantined", "Requests"].map(amount)],
  rows.sort((a, b) => (a.state === "ok") - (b.state === "ok") || a.outlet_id.localeCompare(b.outlet_id)).map((run) => [run.outlet_id,
    h("span", null, badge(run.state, { ok: "good", degraded: "warn" }[run.state] ?? "bad"), run.reason && h("span", { class: "under" }, run.reason)),
    ...["fetched", "published", "unchanged", "quarantined", "requests"].map((name) => number(run[name]))]), { class: "list" });
