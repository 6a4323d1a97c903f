// The theme puts a button to copy into a landmark without a name, one for each block of code. A group is no landmark.
new MutationObserver(() => {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])")) {
    nav.setAttribute("role", "group");
    nav.setAttribute("aria-label", "Code block");
  }
}).observe(document.documentElement, { childList: true, subtree: true });
