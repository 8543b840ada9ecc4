// Tables as files: written here, saved by the browser, sent nowhere.

const FORMULA = /^[=+\-@\t\r]/;

/** Rows as CSV; a text that a spreadsheet would take for a formula gets a quote in front. */
export function csvOf(heads, rows) {
  return [heads, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

function field(value) {
  const text = FORMULA.test(value) && Number.isNaN(Number(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function save(name, text, type = "text/csv") {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([text], { type }));
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}
