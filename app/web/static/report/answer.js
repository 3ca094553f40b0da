// The live answer: what is known of the name and the structure of a finding, while they are typed.

const ASKED = ["substance_name", "structure", "structure_format", "isomer_resolved"];
const PAUSE = 450; // milliseconds without a key before a question is asked

/** Answer a finding's block whenever what it says has changed; returns how to ask at once. */
export function answering(block, address) {
  const place = block.querySelector(".answer");
  let [timer, running, asked] = [0, null, ""];

  const field = (name) => block.querySelector(`[name="${block.dataset.prefix}${name}"]`);
  const question = () => {
    const body = new FormData();
    for (const name of ASKED) body.set(name, field(name)?.value ?? "");
    return body;
  };

  async function ask() {
    clearTimeout(timer);
    const body = question();
    const wording = JSON.stringify([...body]);
    if (wording === asked) return;
    running?.abort();
    asked = wording;
    if (!body.get("substance_name").trim() && !body.get("structure").trim()) {
      running = null;
      place.replaceChildren();
      return;
    }
    const mine = (running = new AbortController());
    block.classList.add("asking");
    try {
      const answer = await fetch(address, {
        method: "POST",
        body,
        signal: mine.signal,
        headers: { Accept: "text/html" },
      });
      if (answer.redirected) say("You are signed out; sign in again in another tab.");
      else if (answer.status === 413) say("This is too long to be one structure.");
      else if (!answer.ok) say("There is no answer just now; the report can be sent all the same.");
      else place.innerHTML = await answer.text();
      block.dispatchEvent(new CustomEvent("answered"));
    } catch (problem) {
      if (problem.name === "AbortError") return;
      asked = "";
      say("No connection, so no answer; what you type is kept.");
    } finally {
      if (running === mine) block.classList.remove("asking");
    }
  }

  function say(text) {
    const line = document.createElement("p");
    line.className = "quiet";
    line.textContent = text;
    place.replaceChildren(line);
  }

  block.addEventListener("input", (event) => {
    if (!ASKED.some((name) => event.target === field(name))) return;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  return ask;
}
