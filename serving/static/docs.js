"use strict";
// Swagger UI with nothing from elsewhere: no validator badge, no other host.
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#docs", validatorUrl: null });
