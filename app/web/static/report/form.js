// The form of a report, made quicker: answers while typing, drawing, drafts, and no lost work when
// the connection goes. Without this script the same form works by its buttons.

import { answering } from "./answer.js";
import { Draft, pairsOf } from "./draft.js";
import { sketching } from "./sketch.js";

const PATIENCE = 60_000; // milliseconds to wait for the receipt
const HARM = ["acute_toxicity", "death"];
const asks = new WeakMap(); // how to ask at once, by block

start(document.querySelector(".report-form"));

function start(form) {
  const draft = new Draft(form);
  const blocks = () => [...form.querySelectorAll("#findings > .finding")];
  form.querySelectorAll(".ask").forEach((button) => (button.hidden = true));
  form.querySelector(".kept").hidden = false;
  blocks().forEach((block) => liven(form, block));

  const held = draft.held();
  if (held && !("sent" in form.dataset)) {
    fill(form, held.pairs);
    const when = new Date(held.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    say(form, `This is your draft of ${when}, kept on this device.`, "Discard it", () => {
      draft.forget();
      location.assign(location.href);
    });
  }
  let kept = true;
  const keep = () => kept && draft.save();
  if ("sent" in form.dataset) keep();
  settle(form);
  blocks().forEach((block) => asks.get(block)());

  form.addEventListener("input", () => {
    keep();
    settle(form);
  });
  addEventListener("storage", (event) => {
    if (!draft.isRemoval(event)) return;
    kept = false; // signed out, sent or discarded in another tab
    say(form, "The draft was removed in another tab; what you type here is no longer kept.");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [wanted] = (event.submitter?.value ?? "keep").split("-");
    const block = event.submitter?.closest(".finding");
    if (wanted === "add") add(form).querySelector("input").focus();
    else if (wanted === "remove") remove(form, block);
    else if (wanted === "send") send(form, draft);
    keep();
    settle(form);
  });
}

/** Answers and drawing for one finding. */
function liven(form, block) {
  asks.set(block, answering(block, form.dataset.answers));
  sketching(block, form.dataset.editor);
}

/** One more finding, numbered beyond those that are there. */
function add(form, number = null) {
  const blocks = [...form.querySelectorAll("#findings > .finding")];
  const taken = blocks.map((block) => Number(block.dataset.prefix.split("-")[1]));
  const next = number ?? Math.max(-1, ...taken) + 1;
  const mould = form.querySelector("#one-more").innerHTML.replaceAll("NEXT", next);
  form.querySelector("#findings").insertAdjacentHTML("beforeend", mould);
  const block = form.querySelector("#findings > .finding:last-child");
  block.querySelector(".ask").hidden = true;
  liven(form, block);
  return block;
}

function remove(form, block) {
  block.remove();
  if (!form.querySelector("#findings > .finding")) add(form);
  form.querySelector("#findings input").focus();
}

/** Numbers the findings, and opens what is asked of harm when there was harm. */
function settle(form) {
  const blocks = [...form.querySelectorAll("#findings > .finding")];
  blocks.forEach((block, at) => {
    block.querySelector(".nth").textContent = at + 1;
    block.querySelector(".take-out").hidden = blocks.length === 1;
  });
  if (HARM.includes(form.elements.event_kind?.value)) form.querySelector("#harm").open = true;
}

/** Put a draft into the form. */
function fill(form, pairs) {
  const numbers = pairs.map(([name]) => /^findings-(\d+)-/.exec(name)?.[1]).filter(Boolean);
  form.querySelectorAll("#findings > .finding").forEach((block) => block.remove());
  for (const number of new Set(numbers.length ? numbers : ["0"])) add(form, number);
  for (const box of form.elements) {
    if (!box.name || box.name === "do") continue;
    const values = pairs.filter(([name]) => name === box.name).map(([, value]) => value);
    if (box.type === "checkbox" || box.type === "radio") box.checked = values.includes(box.value);
    else if (values.length) [box.value] = values;
  }
}

/** Send the report; whatever happens on the way, what was typed stays. */
async function send(form, draft) {
  const button = form.querySelector(".send");
  const unsent = (sentence) => say(form, sentence, "Send again", () => send(form, draft));
  button.disabled = true;
  say(form, "Sending…");
  let answer, told;
  try {
    answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams([...pairsOf(form), ["do", "send"]]),
      headers: { Accept: "application/json, text/html;q=0.9" },
      signal: AbortSignal.timeout(PATIENCE),
    });
    const machine = answer.headers.get("Content-Type")?.includes("json");
    told = machine ? await answer.json() : await answer.text();
  } catch {
    unsent(
      "Not sent, as far as is known: there is no connection. Nothing is lost, the draft stays on " +
        "this device, and sending it again files it once.",
    );
    return;
  } finally {
    button.disabled = false;
  }
  if (answer.ok && told.location) {
    draft.forget();
    location.assign(told.location);
  } else if (answer.status === 422 && typeof told === "string") {
    mend(told);
  } else if (answer.status === 401) {
    unsent("Not sent: you are signed out. Sign in again in another tab, as the same person.");
  } else {
    const why = told.detail ? ` ${told.detail}.` : "";
    unsent(`Not sent: the service could not take it.${why} The draft stays on this device.`);
  }
}

/** Show the form as the service sent it back, with what is to be mended. */
function mend(page) {
  const fresh = new DOMParser().parseFromString(page, "text/html");
  document.querySelector("main").replaceWith(fresh.querySelector("main"));
  start(document.querySelector(".report-form"));
  document.querySelector("#to-mend").focus();
}

/** A line above the form, with one thing that can be done about it. */
function say(form, sentence, word = "", act = null) {
  const place = form.querySelector(".draft");
  place.hidden = false;
  place.setAttribute("role", "status");
  place.replaceChildren(sentence);
  if (act) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = word;
    button.addEventListener("click", act);
    place.append(" ", button);
  }
  place.scrollIntoView({ block: "nearest" });
}
