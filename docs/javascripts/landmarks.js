// The theme puts the button that copies a block of code into a landmark without a name. Landmarks need different names.
let count = 0;
new MutationObserver(() => {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([aria-label])")) {
    count += 1;
    nav.setAttribute("aria-label", `Code block ${count}`);
  }
}).observe(document.documentElement, { childList: true, subtree: true });
