// Drawing a structure with OpenChemLib's editor, which is fetched when somebody wants to draw.
// The structure field stays the truth: what is drawn is written into it, and what is written there,
// by hand or by pasting, is drawn.

let library = null;

const fetched = (address) =>
  (library ??= import(address).catch((problem) => {
    library = null; // so that the next press tries again
    throw problem;
  }));

/** Let the block's Draw button open and close an editor. */
export function sketching(block, address) {
  const button = block.querySelector(".draw");
  const frame = block.querySelector(".sketch");
  const text = block.querySelector(`[name="${block.dataset.prefix}structure"]`);
  const format = block.querySelector(`[name="${block.dataset.prefix}structure_format"]`);
  let [editor, drawing] = [null, false];
  button.hidden = false;

  button.addEventListener("click", async () => {
    if (editor) return close();
    button.disabled = true;
    try {
      open(await fetched(address));
    } catch {
      explain("The editor could not be fetched. A structure can be pasted as text.");
    } finally {
      button.disabled = false;
    }
  });

  function open({ CanvasEditor, Molecule }) {
    const canvas = document.createElement("div");
    canvas.className = "canvas";
    frame.hidden = false;
    frame.replaceChildren(canvas);
    editor = new CanvasEditor(canvas, { initialMode: "molecule" });
    editor.setOnChangeListener(({ type, isUserEvent }) => {
      if (isUserEvent && type === "molecule") write(editor.getMolecule(), Molecule);
    });
    explain("What is drawn is written into the structure field. Copied structures can be pasted.");
    button.textContent = "Close the drawing";
    button.setAttribute("aria-expanded", "true");
    draw(Molecule);
    text.addEventListener("input", redraw);
    block.addEventListener("answered", redraw);
  }

  function close() {
    text.removeEventListener("input", redraw);
    block.removeEventListener("answered", redraw);
    editor.destroy();
    editor = null;
    frame.hidden = true;
    frame.replaceChildren();
    button.textContent = "Draw";
    button.setAttribute("aria-expanded", "false");
  }

  async function redraw(event) {
    const { Molecule } = await library;
    if (!editor || drawing) return;
    // an answer matters only where the editor cannot read what is written, such as InChI
    if (event.type === "answered" && readIn(Molecule, text.value)) return;
    draw(Molecule);
  }

  function draw(Molecule) {
    const written = text.value.trim();
    const molecule = written
      ? readIn(Molecule, written) ?? readIn(Molecule, understood())
      : new Molecule(0, 0);
    if (molecule) editor.setMolecule(molecule);
  }

  /** What the service understood the text as. */
  const understood = () =>
    [...block.querySelectorAll(".part")].map((part) => part.dataset.smiles).join(".");

  function write(molecule, Molecule) {
    drawing = true;
    text.value = written(molecule, Molecule);
    format.value = "auto";
    text.dispatchEvent(new Event("input", { bubbles: true }));
    drawing = false;
  }

  function explain(sentence) {
    const line = document.createElement("p");
    line.className = "quiet";
    line.textContent = sentence;
    frame.hidden = false;
    frame.querySelector(":scope > p")?.remove();
    frame.append(line);
  }
}

function readIn(Molecule, written) {
  if (!written.trim() || written.startsWith("InChI")) return null;
  try {
    const molecule = Molecule.fromText(written);
    return molecule?.getAllAtoms() ? molecule : null;
  } catch {
    return null;
  }
}

/** SMILES, which people can read; a molfile where SMILES cannot say it: a racemate, one of two. */
function written(molecule, Molecule) {
  const atoms = molecule.getAllAtoms();
  if (!atoms) return "";
  molecule.ensureHelperArrays(Molecule.cHelperParities);
  for (let atom = 0; atom < atoms; atom++)
    if (molecule.isAtomStereoCenter(atom) && molecule.getAtomESRType(atom) !== Molecule.cESRTypeAbs)
      return molecule.toMolfileV3();
  return molecule.toIsomericSmiles({ kekulizedOutput: true });
}
