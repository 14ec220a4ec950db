//! Counts a request from its head to the head of its answer, under the route that answered it.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};

use super::super::code::Code;
use super::super::{SharedApp, table};
use crate::telemetry::Metrics;

/// A method that the route does not take.
const OTHER: &str = "other";

/// A request whose answer has not begun.
pub(super) struct Counted {
    app: Option<SharedApp>,
    method: &'static str,
    began: Instant,
}

impl Counted {
    pub(super) fn begin(request: &ServiceRequest) -> Self {
        let app = request.app_data::<SharedApp>().cloned();
        if let Some(app) = &app {
            app.metrics.request_begun();
        }
        Self {
            app,
            method: word(request.method()),
            began: Instant::now(),
        }
    }

    /// The head of its answer is known.
    pub(super) fn answered<B: MessageBody>(mut self, response: &ServiceResponse<B>) {
        let Some(app) = self.app.take() else { return };
        let pattern = response.request().match_pattern();
        let route = pattern
            .and_then(|pattern| ROUTES.with(|routes| routes.iter().copied().find(|route| *route == pattern)));
        let status = response.status();
        let is_taken = status != StatusCode::METHOD_NOT_ALLOWED;
        let method = if is_taken { self.method } else { OTHER };
        app.metrics
            .request_answered((route, method), status.as_u16(), self.began.elapsed());
        let code = response.response().extensions().get::<Code>().copied();
        if let Some(code) = code.filter(|code| code.is_limit()) {
            app.metrics.refused(code.as_str());
        }
    }
}

impl Drop for Counted {
    /// Its client has gone before.
    fn drop(&mut self) {
        if let Some(app) = &self.app {
            app.metrics.request_given_up();
        }
    }
}

thread_local! {
    /// The paths of the route table, which is the same for every worker.
    static ROUTES: Vec<&'static str> = table().map(|place| place.path()).collect();
}

/// The method, one of those that a route may take.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER,
    }
}

/// Every route and method, and every limit that refuses, is counted from the start.
pub(in crate::http) fn expect(metrics: &Metrics) {
    let routes = table().flat_map(|place| {
        let decided: Vec<_> = place.decisions().collect();
        let path = place.path();
        let methods = decided.into_iter().map(|(method, ..)| word(&method));
        methods
            .flat_map(|method| [method].into_iter().chain((method == "GET").then_some("HEAD")))
            .chain([OTHER])
            .map(move |method| (path, method))
    });
    let limits = Code::ALL
        .iter()
        .filter(|code| code.is_limit())
        .map(|code| code.as_str());
    metrics.expect_requests(routes, limits);
}
