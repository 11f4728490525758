(function () {
  "use strict";
  var form = document.getElementById("filter");
  if (form) {
    var rows = Array.prototype.slice.call(document.querySelectorAll("#findings tbody tr"));
    var shown = document.getElementById("shown");
    var has = function (row, name, value) {
      return !value || (" " + row.getAttribute("data-" + name) + " ").indexOf(" " + value + " ") >= 0;
    };
    var apply = function () {
      var text = form.elements.text.value.trim().toLowerCase(), left = 0;
      rows.forEach(function (row) {
        var fits = ["severity", "requirement", "host"].every(function (name) { return has(row, name, form.elements[name].value); });
        row.hidden = !(fits && (!text || row.textContent.toLowerCase().indexOf(text) >= 0));
        left += row.hidden ? 0 : 1;
      });
      shown.textContent = shown.getAttribute("data-text").replace("{shown}", left).replace("{all}", rows.length);
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("change", apply);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("reset", function () { setTimeout(apply, 0); });
    apply();
  }
  // Paper has no way to open what is folded.
  var folded = [];
  window.addEventListener("beforeprint", function () {
    folded = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    folded.forEach(function (each) { each.open = true; });
  });
  window.addEventListener("afterprint", function () { folded.forEach(function (each) { each.open = false; }); });
})();
