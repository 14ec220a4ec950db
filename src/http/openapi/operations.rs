//! Health, metrics, this document and the pages in the document.

use super::operation::{Operation, section};
use crate::http::ops::HealthBody;

const SWITCHED_OFF: &str = "404 where the operator has not switched the bundled pages on.";

pub(super) fn operations() -> Vec<Operation> {
    let operations = [
        Operation::get("/health/live", "isLive", "Whether the process runs")
            .json::<HealthBody>(200, "It runs."),
        Operation::get("/health/ready", "isReady", "Whether new turns are taken")
            .json::<HealthBody>(200, "They are.")
            .json::<HealthBody>(503, "They are not: `draining` or `storage-unavailable`.")
            .with_header("Retry-After", "Seconds to wait before the next try."),
        Operation::get("/metrics", "readMetrics", "Counters and gauges")
            .text("application/openmetrics-text", "OpenMetrics 1.0."),
        Operation::get("/openapi.json", "readDocument", "This document").answer(
            200,
            "OpenAPI 3.1.",
            Some(("application/json", |_| serde_json::json!({ "type": "object" }))),
        ),
        Operation::get("/docs", "readDocumentation", "This document as a page")
            .describe(SWITCHED_OFF)
            .text("text/html", "The page.")
            .fails(&["not-found"]),
        Operation::get("/", "openPage", "The bundled chat page")
            .describe(SWITCHED_OFF)
            .text("text/html", "The page.")
            .fails(&["not-found"]),
    ];
    section("operations", operations)
}
