/* Before anything is painted: the theme that was chosen here, so that no page begins in the wrong one. */
(function () {
    "use strict";
    var chosen = null;
    try {
        chosen = localStorage.getItem("edge-theme");
    } catch (refused) {
        /* Storage may be forbidden; then the system's theme is used. */
    }
    if (chosen === "light" || chosen === "dark") {
        document.documentElement.dataset.theme = chosen;
    }
})();
