// A file on its way: how far it has come, and what to do when the connection goes.
// Without this script the same form sends the file, and the browser alone says how far it is.

const MB = 1024 * 1024;

liven(document.querySelector("form[data-upload]"));

function liven(form) {
  form?.addEventListener("submit", (event) => {
    if (form.elements.dry_run.checked) return;
    event.preventDefault();
    send(form);
  });
}

function send(form) {
  const file = form.elements.file.files[0];
  const button = form.querySelector("button");
  const [said, bar] = form.querySelectorAll(".sending > *");
  const sending = new XMLHttpRequest();
  form.querySelector(".sending").hidden = false;
  button.disabled = true;
  bar.hidden = false;
  bar.removeAttribute("value");
  said.textContent = `Sending ${file.name}, ${(file.size / MB).toFixed(1)} MB. Keep this page open.`;
  sending.upload.addEventListener("progress", (step) => {
    if (step.lengthComputable) bar.value = step.loaded / step.total;
  });
  sending.upload.addEventListener("load", () => {
    said.textContent = "It has arrived; its receipt is written.";
    bar.removeAttribute("value");
  });
  sending.addEventListener("load", () => {
    if (sending.responseURL !== location.href.split("#")[0]) location.assign(sending.responseURL);
    else show(sending.responseText);
  });
  sending.addEventListener("error", () => {
    said.textContent = "Not sent, as far as is known: the connection was lost. Send it again; "
      + "if it did arrive, the same file twice changes nothing.";
    bar.hidden = true;
    button.disabled = false;
  });
  sending.open("POST", form.action || location.href);
  sending.send(new FormData(form));
}

/** The page that says why the file was refused, in place of this one. */
function show(text) {
  const answer = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  const main = document.querySelector("main");
  main.replaceChildren(...answer.childNodes);
  const problem = main.querySelector(".flash.problem");
  problem?.setAttribute("tabindex", "-1");
  problem?.focus();
  liven(main.querySelector("form[data-upload]"));
}
