// The draft of a report: what was typed, kept on this device for its owner alone until it is sent.

const MARK = "tocsin.draft:";
const KEPT = 7 * 24 * 3600 * 1000; // milliseconds; a forgotten draft is not kept for ever

/** Names and values of a form as it would be sent. */
export const pairsOf = (form) =>
  [...new FormData(form)].filter(([name, value]) => name !== "do" && typeof value === "string");

const typedIn = (form) => JSON.stringify(pairsOf(form).filter(([name]) => name !== "key"));

export class Draft {
  constructor(form) {
    this.form = form;
    this.place = `${MARK}${form.dataset.owner}:${form.dataset.about}`;
    // what the service sent back, with what is to be mended, was typed by somebody
    this.untouched = "sent" in form.dataset ? "" : typedIn(form);
    dropOld();
  }

  /** What was kept, or null. */
  held() {
    return read(this.place);
  }

  /** Keep what is typed; nothing is kept of a form that nobody touched. */
  save() {
    if (typedIn(this.form) === this.untouched) return this.forget();
    try {
      localStorage.setItem(this.place, JSON.stringify({ at: Date.now(), pairs: pairsOf(this.form) }));
    } catch {
      // storage is full or switched off: the form works without drafts
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.place);
    } catch {
      // as above
    }
  }

  /** Whether an event of another tab says that this draft was removed there: by signing out. */
  isRemoval(event) {
    return event.key === this.place && event.newValue === null;
  }
}

function read(place) {
  try {
    const held = JSON.parse(localStorage.getItem(place));
    return Array.isArray(held?.pairs) && Number.isFinite(held.at) ? held : null;
  } catch {
    return null;
  }
}

function dropOld() {
  try {
    for (const place of Object.keys(localStorage))
      if (place.startsWith(MARK) && !(Date.now() - (read(place)?.at ?? 0) < KEPT))
        localStorage.removeItem(place);
  } catch {
    // as above
  }
}
