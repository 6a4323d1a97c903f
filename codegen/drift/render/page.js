(() => {
  "use strict";
  const form = document.getElementById("filter");
  if (!form) return;

  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const sections = [...document.querySelectorAll("section.layer")];
  const groups = [...document.querySelectorAll("details.group")];
  const changes = [...document.querySelectorAll("article.change")].map((element) => ({
    element,
    layer: element.dataset.layer,
    level: element.dataset.level,
    text: [...element.querySelectorAll("[data-find]")].map((part) => part.textContent).join("\n").toLowerCase(),
  }));

  const chosen = (name) => boxes.filter((box) => box.name === name && box.checked).map((box) => box.value);
  const all = (name) => boxes.filter((box) => box.name === name).every((box) => box.checked);

  /** Show what the form asks for. */
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const layers = new Set(chosen("layer"));
    const levels = new Set(chosen("level"));
    let count = 0;
    for (const change of changes) {
      const fits =
        layers.has(change.layer) && levels.has(change.level) && words.every((word) => change.text.includes(word));
      change.element.hidden = !fits;
      count += fits ? 1 : 0;
    }
    for (const part of [...groups, ...sections]) {
      part.hidden = !part.querySelector("article:not([hidden])");
    }
    // What is searched for is shown, whatever group it is in.
    if (words.length) {
      for (const group of groups) group.open = true;
    }
    const noun = changes.length === 1 ? "change" : "changes";
    const text = count === changes.length ? `${count} ${noun}` : `${count} of ${changes.length} ${noun}`;
    if (shown.textContent !== text) shown.textContent = text;
  };

  /** Keep the form's state in the address, so that a link shows the same. */
  const remember = () => {
    const state = new URLSearchParams();
    for (const name of ["layer", "level"]) {
      if (!all(name)) state.set(name, chosen(name).join(" "));
    }
    if (search.value.trim()) state.set("q", search.value.trim());
    const text = state.toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  };

  /** Bring the form into the state that the address names. */
  const restore = () => {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) {
      reveal(hash);
      return;
    }
    const state = new URLSearchParams(hash);
    for (const box of boxes) {
      const names = state.get(box.name);
      box.checked = names === null || names.split(" ").includes(box.value);
    }
    search.value = state.get("q") ?? "";
    apply();
  };

  /** A link to a change leads there also when the filter hides it. */
  const reveal = (id) => {
    const target = document.getElementById(id);
    const group = target?.closest("details");
    if (group) group.open = true;
    if (target?.closest("[hidden]")) form.reset();
    if (group || target) target.scrollIntoView();
  };

  // Browsers refuse an address that changes with every key.
  let pending;
  const rememberSoon = () => {
    clearTimeout(pending);
    pending = setTimeout(remember, 150);
  };

  form.addEventListener("input", () => {
    apply();
    rememberSoon();
  });
  form.addEventListener("reset", () => {
    // The form itself resets the fields only after this.
    clearTimeout(pending);
    for (const box of boxes) box.checked = true;
    search.value = "";
    apply();
    if (location.hash.includes("=")) remember();
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest(".overview button") : null;
    if (!button) return;
    search.value = button.textContent;
    apply();
    remember();
    shown.scrollIntoView();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target instanceof Element && event.target.matches("input:not([type=checkbox]), textarea");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && event.target === search) {
      event.preventDefault();
      search.value = "";
      apply();
      rememberSoon();
    }
  });
  window.addEventListener("hashchange", restore);

  // On paper nothing can be opened.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const part of folded) part.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });

  document.documentElement.classList.add("scripted");
  form.hidden = false;
  restore();
})();
