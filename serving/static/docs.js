"use strict";
// Swagger UI with nothing from elsewhere: no validator badge, no other host. What it leaves without
// a name, a level or a way to reach it by keys gets one whenever something has been drawn.
const docs = document.getElementById("docs");
const MISSING = [  // which elements lack which attribute, and what it says
    ["input:not([placeholder])", "aria-label", (one) => one.closest("[data-param-name]")?.dataset.paramName ?? "Value"],
    ["select", "aria-label", (one) => one.closest("[data-param-name]")?.dataset.paramName ?? one.closest("[data-code]")?.dataset.code ?? "Server"],
    [".information-container", "role", () => "region"],
    [".information-container", "aria-label", () => "Regulars"],
    [".schemes-server-container", "role", () => "region"],
    [".schemes-server-container", "aria-label", () => "Servers"],
    [".responses-table", "aria-label", (one) => one.closest(".opblock")?.id ?? one.id],
    ["pre.microlight", "tabindex", () => "0"],
    ["h3.opblock-tag", "aria-level", () => "2"],
    ["section.models h4", "aria-level", () => "2"],
    ["h4", "aria-level", () => "3"],
    [".opblock-body h5", "aria-level", () => "4"],
];

new MutationObserver(() => {
    for (const [selector, attribute, value] of MISSING) {
        for (const one of docs.querySelectorAll(`${selector}:not([${attribute}])`)) {
            one.setAttribute(attribute, value(one));
        }
    }
}).observe(docs, { childList: true, subtree: true });

SwaggerUIBundle({ url: "/openapi.json", dom_id: "#docs", validatorUrl: null });
