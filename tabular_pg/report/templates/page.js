"use strict";
const table = document.getElementById("table");
const heads = [...table.tHead.rows[0].cells];
const rows = [...table.tBodies[0].rows];
const find = document.getElementById("find");
const method = document.getElementById("method");
const violated = document.getElementById("violated");
const count = document.getElementById("count");

function compare(one, other) {
  const numbers = [Number(one), Number(other)];
  return numbers.some(Number.isNaN) ? one.localeCompare(other) : numbers[0] - numbers[1];
}

function sort(column) {
  const down = heads[column].getAttribute("aria-sort") === "ascending";
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = (row) => row.cells[column].dataset.order;
  const last = (row) => Number(key(row)) >= 1e300;  // where nothing is compared
  rows.sort((one, other) => last(one) - last(other)
    || (down ? -1 : 1) * compare(key(one), key(other)));
  table.tBodies[0].append(...rows);
}

function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of rows) {
    const text = row.dataset.text.toLowerCase();
    const wanted = words.every((word) => text.includes(word))
      && (!method.value || row.dataset.methods.split(" ").includes(method.value))
      && (!violated.checked || row.querySelector(".violated"));
    row.hidden = !wanted;
  }
  count.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
}

heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => sort(column)));
[find, method, violated].forEach((input) => input.addEventListener("input", filter));
document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());

// What is folded is printed; afterwards the page is as before.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((part) => { part.open = true; });
});
addEventListener("afterprint", () => folded.forEach((part) => { part.open = false; }));
filter();
