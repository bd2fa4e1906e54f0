// The tab of a dag run: what the run of the pipeline that it worked for counted, and which checks do not hold.

const { createElement: h, useEffect, useState } = globalThis.React;
const C = globalThis.ChakraUI;
const home = new URL("..", import.meta.url);

async function get(url) {
  const response = await fetch(url, { credentials: "same-origin" });
  if (response.ok) return response.json();
  throw new Error((await response.json().catch(() => ({}))).detail ?? `answered ${response.status}`);
}

// Which run of the pipeline it was stands in the asset events of the dag run, which Airflow itself shows or does not.
async function read(dagId, runId) {
  const events = new URL("api/v2/assets/events", document.baseURI);
  events.search = new URLSearchParams({ source_dag_id: dagId, source_run_id: runId, order_by: "-timestamp", limit: "1" });
  const [event] = (await get(events)).asset_events;
  const run = event?.extra?.run_id;
  if (!run) throw new Error("This dag run has told of no run of the pipeline.");
  const release = new URL("api/release", home);
  release.search = new URLSearchParams({ release: event.extra.release ?? run });
  return get(release).catch(() => { throw new Error(`Run ${run}: it is not released, or its release is not kept any more.`); });
}

function Run({ dagId, runId }) {
  const [told, tell] = useState(null);
  useEffect(() => { read(dagId, runId).then(tell, (error) => tell({ error: error.message })); }, [dagId, runId]);
  if (!told) return null;
  if (told.error) return h(C.Text, { p: 4, color: "fg.muted" }, told.error);
  const failed = told.checks.filter((check) => !check.ok);
  const outlets = told.runs.filter((run) => run.state !== "ok");
  const figures = [["stories", told.stories], ["republications", told.republications], ["changed stories", told.changed_stories], ...Object.entries(told.counts)];
  const rows = (heads, cells) => h(C.Table.Root, { size: "sm", mb: 4 },
    h(C.Table.Header, null, h(C.Table.Row, null, heads.map((head) => h(C.Table.ColumnHeader, { key: head }, head)))),
    h(C.Table.Body, null, cells.map((row) => h(C.Table.Row, { key: row[0] }, row.map((cell, at) => h(C.Table.Cell, { key: at }, cell))))));
  return h(C.Box, { p: 4, "data-testid": "wire-desk-run" },
    h(C.HStack, { justifyContent: "space-between", mb: 4 }, h(C.Heading, { size: "md" }, `Release ${told.release}`),
      h(C.Link, { href: new URL(`#/release/${encodeURIComponent(told.release)}`, home).href, target: "_blank" }, "On the wire desk")),
    h(C.HStack, { gap: 8, rowGap: 2, flexWrap: "wrap", mb: 6 }, figures.map(([name, value]) => h(C.Box, { key: name },
      h(C.Text, { fontSize: "lg", fontWeight: "bold" }, value.toLocaleString("en")), h(C.Text, { fontSize: "xs", color: "fg.muted" }, name.replaceAll("_", " "))))),
    h(C.Heading, { size: "sm", mb: 2 }, failed.length ? `${failed.length} of ${told.checks.length} checks to look at` : `All ${told.checks.length} checks hold`),
    failed.length > 0 && rows(["Check", "Level", "Value", "Limit", "About"], failed.map((check) => [check.check, check.level, check.value.toFixed(3), `${check.comparison} ${check.limit}`, check.detail ?? check.reason])),
    outlets.length > 0 && [h(C.Heading, { key: "head", size: "sm", mb: 2 }, `${outlets.length} of ${told.runs.length} outlets in trouble`),
      h(C.Box, { key: "rows" }, rows(["Outlet", "State", "Why"], outlets.map((run) => [run.outlet_id, run.state, run.reason])))]);
}

globalThis["Wire desk run"] = Run;
globalThis.AirflowPlugin = Run;
