// The card on Airflow's home page, in Airflow's own React and components; React sets text as text.

const { createElement: h, useEffect, useState } = globalThis.React;
const C = globalThis.ChakraUI;
const home = new URL("..", import.meta.url);

function Card() {
  const [told, tell] = useState(null);
  useEffect(() => {
    fetch(new URL("api/summary", home), { credentials: "same-origin" })
      .then(async (response) => (response.ok ? response.json() : Promise.reject(new Error((await response.json()).detail))))
      .then(tell, (error) => tell({ error: error.message }));
  }, []);
  if (!told) return null;
  const figures = told.error ? [] : [["Stories", told.stories], ["Copies", told.republications], ["Changed", told.changed_stories], ["Quarantined", told.counts.quarantined]];
  const link = (words, path) => h(C.Link, { key: path, href: new URL(`plugin/wire-desk${path}`, document.baseURI).href, colorPalette: "brand" }, words);
  return h(C.Box, { borderWidth: 1, borderRadius: 8, p: 4, mb: 2, "data-testid": "wire-desk-card" },
    h(C.HStack, { justifyContent: "space-between", mb: 2 }, h(C.Heading, { size: "sm" }, "Wire desk"), link("Open", "")),
    told.error ? h(C.Text, { fontSize: "sm", color: "fg.muted" }, told.error) : [
      h(C.HStack, { key: "figures", gap: 8, flexWrap: "wrap" }, figures.map(([name, value]) => h(C.Box, { key: name },
        h(C.Text, { fontSize: "xl", fontWeight: "bold" }, value.toLocaleString("en")), h(C.Text, { fontSize: "xs", color: "fg.muted" }, name)))),
      h(C.Text, { key: "release", fontSize: "sm", color: "fg.muted", mt: 2 }, `Release ${told.release}: `
        + (told.checks_failed.length ? `${told.checks_failed.length} checks to look at (${told.checks_failed.map((check) => check.check).join(", ")})` : "all checks hold")),
    ]);
}

globalThis["Wire desk card"] = Card;
globalThis.AirflowPlugin = Card;
