"use strict";
// Sorts and filters the table that the page already holds. Without it the table is complete, in order of expiry.
{
  const form = document.querySelector("form");
  const body = document.querySelector("tbody");
  if (form && body) start(form, body);

  function start(form, body) {
    const status = document.querySelector("[role=status]");
    const headings = [...document.querySelectorAll("thead th")];
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    let rows = [...body.rows].map((row) => ({
      row,
      tags: row.dataset.tags.split(" "),
      text: row.textContent.toLowerCase(),
    }));
    const total = rows.length;

    function filter() {
      const [search, ...selects] = form.querySelectorAll("input, select");
      const words = search.value.toLowerCase().split(/\s+/);
      const wanted = selects.map(({ value }) => value).filter(Boolean);
      let shown = 0;
      for (const { row, tags, text } of rows) {
        const fits =
          words.every((word) => text.includes(word)) &&
          wanted.every((tag) => tags.includes(tag));
        row.hidden = !fits;
        if (fits) shown += 1;
      }
      status.textContent = `${shown} of ${total} shown`;
    }

    function keyOf({ row }, column) {
      const cell = row.cells[column];
      // What cannot be read comes last, whichever way.
      if ("key" in cell.dataset)
        return cell.dataset.key === "" ? undefined : Number(cell.dataset.key);
      // The name without the chain id, the first domain, the first reason.
      return (cell.querySelector("bdi, dt") ?? cell).textContent.trim();
    }

    function sort(column) {
      const heading = headings[column];
      const descending = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute(
        "aria-sort",
        descending ? "descending" : "ascending",
      );
      rows = rows
        .map((entry) => ({ entry, key: keyOf(entry, column) }))
        .sort((a, b) => {
          if (a.key === undefined || b.key === undefined)
            return (a.key === undefined) - (b.key === undefined);
          const order =
            typeof a.key === "number" ? a.key - b.key : compare(a.key, b.key);
          return descending ? -order : order;
        })
        .map(({ entry }) => entry);
      const sorted = document.createDocumentFragment();
      for (const { row } of rows) sorted.append(row);
      body.append(sorted);
    }

    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(column));
      heading.append(button);
    });
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    // The controls have their first values only after the event.
    form.addEventListener("reset", () => setTimeout(filter));
    form.hidden = false;
    // A browser may have kept what was chosen before a reload.
    filter();
  }
}
