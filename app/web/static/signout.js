// Signing out removes drafts from this device, or the next person at it could find them.
document.querySelector("form[action$='/logout']")?.addEventListener("submit", () => {
  for (const place of Object.keys(localStorage))
    if (place.startsWith("tocsin.draft:")) localStorage.removeItem(place);
});
