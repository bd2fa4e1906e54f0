// Elements are made here and nowhere else. Text is set as text: what stands in a page is never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// A page of the network: only what is plainly a web address becomes a link.
export function pageLink(url, words) {
  let safe = false;
  try { safe = ["http:", "https:"].includes(new URL(url).protocol); } catch { /* no address at all */ }
  return safe ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words ?? url) : h("span", null, words ?? url);
}

export const number = (value) => (value ?? 0).toLocaleString("en");
export const share = (value) => (value === null || value === undefined ? "—" : `${Math.round(value * 100)} %`);
export const time = (value) => (value ? `${value.slice(0, 10)} ${value.slice(11, 16)}` : "—");
export const times = (count, one, many) => `${number(count)} ${count === 1 ? one : many ?? one + "s"}`;

export function duration(hours) {
  if (hours === null || hours === undefined) return "—";
  if (hours < 1) return `${Math.max(0, Math.round(hours * 60))} min`;
  return hours < 48 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} d`;
}

export function table(heads, rows, attributes) {
  const cells = (row) => row.map((cell, at) => h("td", { "data-head": heads[at].name ?? heads[at], class: heads[at].kind }, cell));
  return h("table", attributes,
    h("thead", null, h("tr", null, heads.map((head) => h("th", { scope: "col", class: head.kind }, head.name ?? head)))),
    h("tbody", null, rows.map((row) => h("tr", null, cells(row)))));
}

export const badge = (words, kind, title) => h("span", { class: `badge ${kind ?? ""}`, title }, words);
