/* The script of the report's page. It only adds to what is there: without it the page is complete
 * and does not sort. Comments stay behind when this is built into the program (Makefile). */
"use strict";
(() => {
  const root = document.documentElement, button = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.hidden = false;
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();
  const key = cell => cell.dataset.v ?? cell.textContent.trim();
  const missing = cell => cell.dataset.v === "" || (cell.dataset.v === undefined && /^\u2013?$/.test(cell.textContent.trim()));
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", {numeric: true}) : x - y;
  };
  for (const table of document.querySelectorAll("table.sort")) {
    const body = table.tBodies[0], original = [...body.rows], heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) button.append(head.firstChild);
      if (!button.textContent.trim()) button.setAttribute("aria-label", "Sort by verdict");
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort"), next = now === "ascending" ? "descending" : now ? null : "ascending";
        heads.forEach(other => other.removeAttribute("aria-sort"));
        const rows = [...original], sign = next === "descending" ? -1 : 1;
        if (next) {
          head.setAttribute("aria-sort", next);
          rows.sort((a, b) => {
            const x = a.cells[column], y = b.cells[column], gone = missing(x) - missing(y);
            return gone || (missing(x) ? 0 : sign * compare(key(x), key(y)));
          });
        }
        table.classList.toggle("sorted", Boolean(next));
        body.append(...rows);
      });
    });
  }
})();
