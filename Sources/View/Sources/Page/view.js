// Live flows as chains. The table draws only the rows that can be seen, so that ten thousand cost no more than fifty.
const token = new URLSearchParams(location.search).get("token") ?? "";
const element = (id) => document.getElementById(id);
const grid = element("flows"), rows = element("rows");
const collator = new Intl.Collator();

const flows = new Map();
let continued = new Set(); // flows that a later hop of the same connection continues
let shown = [], selected = null, stale = true, opened = null;

const create = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const base = (path) => path?.split("/").pop() || "?";
const chain = (flow) =>
  [base(flow.application), ...flow.lineage.map((hop) => (hop.provider ?? "?") + (hop.inherited ? " (inherited)" : "")),
    flow.destination ?? "?"].join(" → ");
const age = (flow) => {
  const seconds = Math.max(0, (Date.now() - flow.published) / 1000);
  return seconds < 60 ? `${seconds.toFixed(0)} s` : seconds < 3600 ? `${(seconds / 60).toFixed(0)} min`
    : `${(seconds / 3600).toFixed(1)} h`;
};

// What is to be shown, oldest first.
function choose() {
  const words = element("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const every = element("hops").checked;
  continued = new Set();
  for (const flow of flows.values()) for (const hop of flow.lineage) if (hop.flow !== flow.id) continued.add(hop.flow);
  shown = [...flows.values()].filter((flow) =>
    (every || !continued.has(flow.id)) && words.every((word) => flow.text.includes(word)));
  shown.sort((a, b) => a.published - b.published || collator.compare(a.id, b.id));
  element("shown").textContent = `(${shown.length} shown, ${flows.size} hops in all)`;
  grid.setAttribute("aria-rowcount", shown.length + 1);
  stale = false;
}

const rowHeight = () => grid.querySelector(".head").offsetHeight || 32;

function draw() {
  if (stale) choose();
  const height = rowHeight();
  element("window").style.height = `${shown.length * height}px`;
  const first = Math.max(0, Math.floor(grid.scrollTop / height) - 5);
  const last = Math.min(shown.length, first + Math.ceil(grid.clientHeight / height) + 10);
  rows.style.top = `${first * height}px`;
  rows.replaceChildren(...shown.slice(first, last).map((flow, offset) => {
    const row = create("div", undefined, {
      class: "row", role: "row", id: `flow-${flow.id}`, "aria-rowindex": first + offset + 2,
      "aria-selected": String(flow.id === selected),
    });
    for (const text of [flow.state, chain(flow), flow.pid, age(flow)]) row.append(create("span", text, { role: "gridcell" }));
    row.lastChild.previousSibling.title = flow.application ?? "";
    row.addEventListener("click", () => { select(flow.id); open(flow.id); });
    return row;
  }));
  if (selected !== null && element(`flow-${selected}`)) grid.setAttribute("aria-activedescendant", `flow-${selected}`);
  else grid.removeAttribute("aria-activedescendant");
}

let wanted = false;
function redraw() {
  if (wanted) return;
  wanted = true;
  requestAnimationFrame(() => { wanted = false; draw(); });
}

function select(id) {
  selected = id;
  const at = shown.findIndex((flow) => flow.id === id), height = rowHeight();
  const top = at * height, room = grid.clientHeight - height;
  if (top < grid.scrollTop) grid.scrollTop = top;
  else if (top + height > grid.scrollTop + room) grid.scrollTop = top + height - room;
  draw();
}

function move(by) {
  if (shown.length === 0) return;
  const at = shown.findIndex((flow) => flow.id === selected);
  // Without one chosen: the first, or for End the last.
  const next = Math.min(shown.length - 1, Math.max(0, at < 0 && by < Infinity ? 0 : at + by));
  select(shown[next].id);
}

const details = async (id) => {
  const answer = await fetch(`flows/${encodeURIComponent(id)}?token=${token}`);
  return answer.ok ? (await answer.json()).flow : null;
};

// A hop of the lineage: who redirected, to whom, and what the service is told.
function hopItem(hop, flow) {
  const item = create("li", `${hop.provider ?? "?"}, by filter ${hop.filter ?? "?"}${hop.inherited ? ", inherited" : ""}, ${hop.time ?? ""}`);
  if (flow === null) {
    item.append(create("p", "This hop has ended."));
    return item;
  }
  item.append(create("p", `${flow.client.path ?? "?"} (${flow.client.pid}) → ${flow.service.path ?? "not accepted yet"}`
    + `${flow.service.pid === null ? "" : ` (${flow.service.pid})`}, ${flow.source ?? "?"} → ${flow.endpoint ?? "?"}`));
  if (flow.context.decoded.length > 0) {
    const table = create("table", undefined, { class: "context" });
    table.append(create("caption", `Context of ${hop.provider}, ${flow.context.length} bytes`));
    for (const { field, value } of flow.context.decoded) {
      const row = table.insertRow();
      row.append(create("th", field, { scope: "row" }), create("td", value));
    }
    item.append(table);
  }
  if (flow.context.hex) {
    const bytes = create("details");
    bytes.append(create("summary", "bytes"), create("pre", flow.context.hex.replace(/(..)/g, "$1 ").replace(/(.{48})/g, "$1\n").trim()));
    item.append(bytes);
  }
  return item;
}

async function open(id) {
  const flow = await details(id);
  if (flow === null) return announce("the connection has ended");
  opened = id;
  const hops = await Promise.all(flow.lineage.map((hop) => (hop.flow === flow.id ? flow : details(hop.flow))));
  const facts = [
    ["State", flow.state], ["Protocol", flow.protocol],
    ["Application", `${flow.application.path ?? "?"}, process ${flow.application.pid}, user ${flow.application.uid}`],
    ["Dialled", flow.destination ?? "?"],
  ];
  element("detail-heading").textContent = `Connection ${id}`;
  element("facts").replaceChildren(...facts.flatMap(([name, value]) => [create("dt", name), create("dd", value)]));
  element("lineage").replaceChildren(...flow.lineage.map((hop, at) => hopItem(hop, hops[at])));
  element("detail").hidden = false;
  element("detail").focus();
}

function close() {
  if (element("detail").hidden) return;
  element("detail").hidden = true;
  opened = null;
  grid.focus();
}

const announce = (text) => { element("state").textContent = text; };

grid.addEventListener("scroll", redraw);
grid.addEventListener("keydown", (event) => {
  const page = Math.max(1, Math.floor(grid.clientHeight / rowHeight()) - 2);
  const keys = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  if (event.key in keys) move(keys[event.key]);
  else if (event.key === "Enter" && selected !== null) open(selected);
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
  else if (event.key === "/" && document.activeElement !== element("filter")) {
    element("filter").focus();
    event.preventDefault();
  }
});
element("close").addEventListener("click", close);
element("search").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["filter", "hops"]) element(id).addEventListener("input", () => { stale = true; grid.scrollTop = 0; redraw(); });
new ResizeObserver(redraw).observe(grid);
setInterval(redraw, 1000); // the ages

function status(value) {
  const facts = value === null ? [] : [
    ["Engine", value.engine.path],
    ["Policy", `${value.policy.sets.join(", ") || "none"}; filters: ${value.policy.filters}; generation ${value.policy.generation}`],
    ["Flows", `${value.flows.live} live; ${value.flows.capacity} slots, at most ${value.flows.limit}`],
  ];
  element("engine").replaceChildren(...facts.flatMap(([name, text]) => [create("dt", name), create("dd", text)]));
  const names = value === null ? [] : Object.keys(value.counts).sort();
  const bad = new Set(["blocked", "loops", "lost", "refused"]);
  const row = (name, counts) => {
    const made = create("tr");
    made.append(create("th", name, { scope: "row" }), ...names.map((key) =>
      create("td", counts[key] ?? "", bad.has(key) && counts[key] > 0 ? { class: "bad" } : {})));
    return made;
  };
  element("counter-names").replaceChildren(create("td"), ...names.map((name) => create("th", name, { scope: "col" })));
  element("counter-rows").replaceChildren(...(value === null ? [] : [row("all", value.counts),
    ...Object.entries(value.providers).sort().map(([name, counts]) => row(name, counts))]));
}

const events = new EventSource(`events?token=${token}`);
const listen = (name, body) => events.addEventListener(name, (event) => body(JSON.parse(event.data)));
events.addEventListener("open", () => announce("live"));
events.addEventListener("error", () => announce("not connected: wfpctl view has ended, or this page was too slow; trying again"));
listen("reset", () => { flows.clear(); stale = true; });
listen("complete", () => { document.body.dataset.complete = "true"; redraw(); });
listen("flows", (list) => {
  for (const flow of list) {
    flow.text = `${flow.state} ${flow.transport} ${flow.application ?? ""} ${chain(flow)} ${flow.pid}`.toLowerCase();
    flows.set(flow.id, flow);
  }
  stale = true;
  redraw();
});
listen("gone", (ids) => {
  for (const id of ids) flows.delete(id);
  if (opened !== null && !flows.has(opened)) announce(`live; connection ${opened} has ended`);
  stale = true;
  redraw();
});
listen("status", status);
listen("trouble", (text) => {
  element("trouble").hidden = text === null;
  element("trouble").textContent = text ?? "";
});
listen("diagnostics", (lines) => {
  element("no-reasons").hidden = lines.length > 0;
  element("reasons").replaceChildren(...lines.map((line) => create("li", line)));
});
