/** What is known of the run: records of metrics.jsonl, the run's small files, its state, and how far each was read. */
const run = { steps: [], evaluations: [], files: {}, state: { kind: "waiting" }, end: 0, tag: 0, filesTag: 0, every: 1, damaged: 0, time: 0 };
const byID = (id) => document.getElementById(id);
const words = {
  waiting: "Not begun", running: "Running", finished: "Finished", interrupted: "Interrupted", failed: "Failed", stopped: "Stopped", stale: "No news",
};
const kinds = [["weights", "a"], ["gradients", "d"], ["optimizer", "c"], ["activations", "b"], ["scratch", "f"], ["checkpoint", "e"]];
const rankColors = ["a", "b", "c", "d", "e", "g", "h", "f"];

const charts = {
  loss: new Chart("Loss", { wide: true, height: 290, empty: "The first step is still to come" }),
  rate: new Chart("Learning rate", { zero: true, format: (value) => text.power(value, 2), tick: (value) => (value === 0 ? "0" : text.power(value, 2)) }),
  norm: new Chart("Gradient norm", { zero: true }),
  speed: new Chart("Tokens per second", { zero: true, format: text.grouped }),
  time: new Chart("Time of a step, by rank", { zero: true, format: text.seconds, tick: (value) => (value === 0 ? "0" : text.seconds(value)) }),
};
byID("charts").append(...Object.values(charts).map((chart) => chart.card));

// What comes from the watcher or from the page itself

function parsed(source) {
  try { return JSON.parse(source); } catch { return null; }
}

const list = (value) => (Array.isArray(value) ? value : []);

/** Whether a record has what the page does arithmetic with; losses and norms may be text where they are not finite. */
function isSound(record) {
  const needed = typeof record?.evaluation === "string" ? ["step"]
    : ["step", "total_steps", "epoch", "seconds", "tokens_per_second", "peak_allocated_bytes", "peak_resident_bytes"];
  return needed.every((name) => Number.isFinite(record?.[name]));
}

function take(news) {
  const isSame = !news.files && news.metrics.text === "" && !news.metrics.isRestart && news.state.kind === run.state.kind;
  run.time = news.time;
  run.state = news.state;
  run.folder = news.folder;
  run.name = news.name;
  if (news.files) {
    run.filesTag = news.filesTag;
    run.files = { configuration: news.files["resolved.yaml"] ?? "" };
    for (const name of ["run", "result"]) run.files[name] = parsed(news.files[`${name}.json`] ?? "null");
  }
  if (news.metrics.isRestart) Object.assign(run, { steps: [], evaluations: [], damaged: 0, every: news.metrics.every });
  run.end = news.metrics.end;
  run.tag = news.metrics.tag;
  for (const line of news.metrics.text.split("\n")) {
    if (line === "") continue;
    const record = parsed(line);
    if (!isSound(record)) run.damaged++;
    else (typeof record.evaluation === "string" ? run.evaluations : run.steps).push(record);
  }
  if (!isSame) return show();
  showHead();
  showNotice();
}

async function follow() {
  const isLive = ["waiting", "running", "stale"].includes(run.state.kind);
  let pause = isLive ? 2000 : 5000;
  if (!document.hidden) {
    try {
      const query = new URLSearchParams({ end: run.end, tag: run.tag, files: run.filesTag });
      const answer = await fetch(`news?${query}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      take(await answer.json());
      run.isLost = false;
    } catch {
      run.isLost = true;
      pause = 5000;
      showNotice();
    }
  }
  setTimeout(follow, pause);
}

// The page, from top to bottom

function show() {
  showHead();
  showNotice();
  showTiles();
  showCharts();
  showMemory();
  showAudit();
  showSamples();
  showSetup();
}

const latest = () => run.steps[run.steps.length - 1];
const fact = (name) => list(run.files.run?.facts).map((one) => (one.name === name ? String(one.value) : "")).find((value) => value !== "");

/** Long without a step although it runs: ten times its slowest recent step, and at least two minutes. */
function isQuiet() {
  const last = latest();
  if (run.state.kind !== "running" || !last?.time) return false;
  return run.time - last.time > Math.max(120, 10 * Math.max(...run.steps.slice(-20).map((step) => step.seconds)));
}

function showHead() {
  const kind = isQuiet() ? "stale" : run.state.kind;
  byID("name").textContent = run.name;
  document.title = `${words[kind] ?? kind} · ${run.name}`;
  byID("subtitle").textContent = [fact("model")?.split(":")[0], fact("method")?.split(" ").slice(0, 2).join(" "), fact("ranks")?.split(",")[0].replace(/^(\d+)$/, (count) => `${count} rank${count === "1" ? "" : "s"}`)]
    .filter(Boolean).join(" · ");
  byID("status").className = `status ${kind}`;
  byID("status").textContent = words[kind] ?? kind;
  const last = latest();
  byID("progress").hidden = !last;
  byID("progress").className = `progress ${kind}`;
  if (!last) return;
  const isOver = !["running", "stale"].includes(kind);
  byID("done").style.width = `${Math.min(100, 100 * last.step / last.total_steps)}%`;
  const spent = run.steps.reduce((sum, step) => sum + step.seconds, 0) * run.every;
  const typical = median(run.steps.slice(-50).map((step) => step.seconds));
  const parts = [
    [`Step ${text.grouped(last.step)}`, `of ${text.grouped(last.total_steps)}`], [`Epoch ${last.epoch.toFixed(2)}`, ""], [text.seconds(spent), "in steps"],
  ];
  if (!isOver && last.step < last.total_steps) parts.push([text.seconds(typical * (last.total_steps - last.step)), "left"]);
  if (last.time) parts.push(isOver ? [text.moment(run.state.time ?? last.time), ""] : [text.seconds(Math.max(0, run.time - last.time)), "since the last step"]);
  byID("progress-text").replaceChildren(...parts.map(([strong, rest]) => element("span", {}, element("b", {}, strong), rest === "" ? "" : ` ${rest}`)));
}

function showNotice() {
  const lines = [];
  if (run.isLost) lines.push("The watcher does not answer. What is shown is what it last told; start trainer watch again to go on.");
  if (run.state.kind === "waiting") lines.push(`No run has begun in ${run.folder} yet. This page goes on by itself when one does.`);
  if (run.state.message) lines.push(run.state.message);
  const broken = run.steps.filter((step) => !Number.isFinite(number(step.loss)) || !Number.isFinite(number(step.gradient_norm)));
  if (broken.length > 0) lines.push(`The loss or the gradient is not finite in ${text.grouped(broken.length)} step${broken.length === 1 ? "" : "s"}, first in step ${text.grouped(broken[0].step)}.`);
  if (run.damaged > 0) lines.push(`${text.grouped(run.damaged)} lines of metrics.jsonl are damaged and left out.`);
  byID("notice").hidden = lines.length === 0;
  byID("notice").className = `notice ${["failed", "stopped"].includes(run.state.kind) || broken.length > 0 ? "bad" : ""}`;
  byID("notice").textContent = lines.join("\n");
}

function tile(label, value, unit = "", note = null) {
  return element("div", { class: "tile" }, element("div", { class: "label" }, label),
    element("div", { class: "value" }, value, unit === "" ? null : element("small", {}, ` ${unit}`)), note ?? element("div", { class: "note" }, "\u00a0"));
}

function showTiles() {
  const last = latest();
  const [first, newest] = [run.evaluations[0], run.evaluations[run.evaluations.length - 1]];
  const scored = run.evaluations.filter((one) => Object.keys(one.scores ?? {}).length > 0);
  const recent = run.steps.slice(-20);
  const tiles = [];
  if (last) {
    const mean = (part) => part.reduce((sum, step) => sum + number(step.loss), 0) / part.length;
    tiles.push(tile("Training loss", text.short(mean(recent)), "", note(recent.length === 1 ? "of one step" : `mean of ${recent.length} steps`)));
  }
  if (newest) {
    const isOne = newest === first;
    tiles.push(tile("Held-out loss", text.short(number(newest.loss)), "", isOne ? note(`at step ${text.grouped(newest.step)}`) : was(first, (one) => number(one.loss), text.short)));
    tiles.push(tile("Perplexity", text.short(number(newest.perplexity)), "", isOne ? null : was(first, (one) => number(one.perplexity), text.short)));
  }
  for (const name of Object.keys(scored[0]?.scores ?? {})) {
    const percent = (value) => `${(100 * value).toFixed(1)} %`;
    const end = scored[scored.length - 1];
    tiles.push(tile(name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase()), percent(number(end.scores[name])), "",
      end === scored[0] ? note(`at step ${text.grouped(end.step)}`) : was(scored[0], (one) => number(one.scores[name]), percent)));
  }
  if (last) {
    tiles.push(tile("Speed", text.grouped(median(recent.map((step) => step.tokens_per_second))), "tokens/s", note(`${text.seconds(median(recent.map((step) => step.seconds)))} a step`)));
    tiles.push(tile("Peak memory", text.bytes(last.peak_resident_bytes), "", note(`${text.bytes(last.peak_allocated_bytes)} of it tensors`)));
  }
  byID("tiles").hidden = tiles.length === 0;
  byID("tiles").replaceChildren(...tiles);
}

function note(words) { return element("div", { class: "note" }, words); }
function was(first, value, format) { return note(`${format(value(first))} before`); }

function showCharts() {
  const steps = run.steps;
  const range = steps.length > 0 ? [Math.min(steps[0].step, run.evaluations[0]?.step ?? Infinity), latest().step] : [0, 1];
  const of = (name) => steps.map((step) => [step.step, number(step[name])]);
  charts.loss.set([
    { name: "training, each step", color: "a", faint: steps.length > 30, points: of("loss") },
    { name: "training, smoothed", color: "a", points: steps.length > 30 ? smoothed(of("loss")) : [] },
    { name: "held out", color: "b", dots: true, points: run.evaluations.map((one) => [one.step, number(one.loss)]) },
  ], range);
  charts.rate.set([{ name: "learning rate", color: "c", points: of("learning_rate") }], range);
  charts.norm.set([{ name: "before clipping", color: "d", points: of("gradient_norm") }], range);
  charts.speed.set([{ name: "tokens/s", color: "g", points: of("tokens_per_second") }], range);
  charts.time.set([...rankSeries(steps), { name: "whole step", color: "f", faint: false, points: of("seconds") }], range);
}

/** The mean of each point and its neighbours, about a twentieth of the run to both sides together; those that are not finite are left out. */
function smoothed(points) {
  const reach = Math.max(2, Math.min(100, Math.round(points.length / 40)));
  const sums = [[0, 0]];
  for (const [, value] of points) {
    const [sum, count] = sums[sums.length - 1];
    sums.push(Number.isFinite(value) ? [sum + value, count + 1] : [sum, count]);
  }
  return points.map(([step, value], index) => {
    const [from, to] = [sums[Math.max(0, index - reach)], sums[Math.min(points.length, index + reach + 1)]];
    return [step, Number.isFinite(value) ? (to[0] - from[0]) / (to[1] - from[1]) : NaN];
  });
}

/** Up to 8 ranks a curve each; of more the slowest, the middle and the fastest. */
function rankSeries(steps) {
  const timed = steps.filter((step) => list(step.rank_seconds).length > 0);
  const count = timed.reduce((most, step) => Math.max(most, step.rank_seconds.length), 0);
  const points = (value) => timed.map((step) => [step.step, number(value(step.rank_seconds))]);
  if (count > 8) {
    return [
      { name: "slowest rank", color: "b", points: points((all) => Math.max(...all)) }, { name: "median", color: "a", points: points(median) },
      { name: "fastest", color: "c", points: points((all) => Math.min(...all)) },
    ];
  }
  return Array.from({ length: count }, (_, rank) => ({ name: `rank ${rank}`, color: rankColors[rank], points: points((all) => all[rank] ?? NaN) }));
}

function showMemory() {
  const known = (bytes) => Object.fromEntries(kinds.map(([kind]) => [kind, Number.isFinite(bytes?.[kind]) ? bytes[kind] : 0]));
  const rows = [["predicted", known(run.files.run?.predicted_peak)], ["measured", known(latest()?.peak_bytes_by_kind)]]
    .filter(([, bytes]) => Object.values(bytes).some((count) => count > 0));
  byID("memory").hidden = rows.length === 0;
  if (rows.length === 0) return;
  const total = (bytes) => Object.values(bytes).reduce((sum, one) => sum + one, 0);
  const most = Math.max(...rows.map(([, bytes]) => total(bytes)));
  const bars = element("div", { class: "bars" });
  for (const [name, bytes] of rows) {
    const stack = element("div", { class: "stack", role: "img", "aria-label": `${name}: ${text.bytes(total(bytes))}` });
    for (const [kind, color] of kinds) {
      const piece = element("div", { title: `${kind}: ${text.bytes(bytes[kind])}` });
      piece.style.width = `${100 * bytes[kind] / most}%`;
      piece.style.background = `var(--${color})`;
      if (bytes[kind] > 0) stack.append(piece);
    }
    bars.append(element("span", { class: "muted" }, name), stack, element("span", { class: "total" }, text.bytes(total(bytes))));
  }
  const body = kinds.map(([kind, color]) => element("tr", {}, element("td", {}, key(color, "block"), kind),
    ...rows.map(([, bytes]) => element("td", { class: "number" }, text.bytes(bytes[kind])))));
  const head = element("tr", {}, element("th", {}, "of one rank"), ...rows.map(([name]) => element("th", { class: "number" }, name)));
  const resident = latest() ? [element("tr", {}, element("td", { class: "name" }, "the process, as the system counts it"),
    ...rows.map(([name]) => element("td", { class: "number" }, name === "measured" ? text.bytes(latest().peak_resident_bytes) : "")))] : [];
  byID("memory").lastElementChild.replaceChildren(bars, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body, ...resident)));
}

function showAudit() {
  const audit = list(run.files.run?.audit);
  byID("audit").hidden = audit.length === 0;
  if (audit.length === 0) return;
  const rows = audit.map((one) => element("tr", {}, element("td", { class: "name" }, one.name), element("td", { class: "number" }, one.value)));
  const lengths = list(run.files.run.lengths);
  const most = Math.max(1, ...lengths.map((one) => one.rows));
  const bars = lengths.map((one) => {
    const bar = element("div");
    bar.style.width = `${100 * one.rows / most}%`;
    return element("div", { class: "length" }, element("span", {}, `≤ ${text.grouped(one.at_most)}`), bar, element("span", {}, text.grouped(one.rows)));
  });
  byID("audit").lastElementChild.replaceChildren(element("table", {}, element("tbody", {}, ...rows)),
    bars.length > 0 ? element("div", { class: "lengths" }, element("h3", {}, "Rows by their tokens, as read"), ...bars) : "");
}

function showSamples() {
  const sampled = run.evaluations.filter((one) => list(one.samples).length > 0);
  byID("samples").hidden = sampled.length === 0;
  if (sampled.length === 0) return;
  const [before, after] = [sampled[0], sampled[sampled.length - 1]];
  const cards = before.samples.filter((sample) => sample !== null).map((sample, index) => {
    const said = (name, words, kind, mark = null) => [element("div", { class: "who" }, name), element("div", { class: `said ${kind}` }, words, mark)];
    const written = (name, words) => said(name, words, "", words === sample.wanted ? element("span", { class: "match" }, "as wanted") : null);
    const parts = [...said("prompt", sample.prompt, "prompt"), ...said("wanted", sample.wanted, ""), ...written(before.step === 0 ? "before" : `step ${before.step}`, sample.generated)];
    if (after !== before && after.samples[index]) parts.push(...written("after", after.samples[index].generated));
    return element("article", { class: "card sample" }, ...parts);
  });
  byID("samples").lastElementChild.replaceChildren(...cards);
  // What a prompt asks stands at its end.
  for (const prompt of byID("samples").querySelectorAll(".prompt")) prompt.scrollTop = prompt.scrollHeight;
}

function showSetup() {
  const facts = list(run.files.run?.facts);
  byID("setup").hidden = facts.length === 0;
  const rows = facts.map((one) => element("tr", {}, element("td", { class: "name" }, one.name), element("td", { class: "break" }, one.value)));
  byID("facts").replaceChildren(element("table", {}, element("tbody", {}, ...rows)));
  byID("configuration").textContent = run.files.configuration;
  const shown = run.every > 1 ? ` Of the steps before this page was opened every ${text.grouped(run.every)}th is shown.` : "";
  byID("source").textContent = `${run.folder} · ${isLive ? "live" : `as of ${text.moment(run.time)}`}.${shown}`;
}

const isLive = byID("news").textContent.trim() === "";
if (isLive) follow(); else take(JSON.parse(byID("news").textContent));
