//! What is counted of HTTP requests: by route, method and status, never by what was asked for. Labels are of closed
//! sets, and each series is there from the start, so that the first failure is a change.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;

/// For what is none of the routes or methods of the service.
const OTHER: &str = "other";
/// Every status that a route answers with.
const STATUSES: [u16; 20] = [
    200, 201, 204, 304, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 421, 422, 429, 431, 500, 503,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    route: &'static str,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    rule: &'static str,
}

/// What is counted of HTTP requests.
#[derive(Clone, Debug)]
pub(super) struct RequestMetrics {
    answered: Family<Answered, Counter>,
    seconds: Family<Asked, Histogram>,
    in_flight: Gauge,
    refused: Family<Refused, Counter>,
}

impl Default for RequestMetrics {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 4.0, 8))),
            in_flight: Gauge::default(),
            refused: Family::default(),
        }
    }
}

impl RequestMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_requests",
            "Requests that were answered, by route, method and status",
            self.answered.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "From the head of a request to the head of its answer",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests whose answer has not begun",
            self.in_flight.clone(),
        );
        registry.register(
            "refusals",
            "Requests that a limit has refused, by rule",
            self.refused.clone(),
        );
    }

    /// These may be asked for, and these rules may refuse.
    pub(super) fn expect(
        &self,
        routes: impl Iterator<Item = (&'static str, &'static str)>,
        rules: impl Iterator<Item = &'static str>,
    ) {
        for (route, method) in routes.chain([(OTHER, OTHER)]) {
            drop(self.seconds.get_or_create(&Asked { route, method }));
            for status in STATUSES {
                drop(self.answered.get_or_create(&Answered {
                    route,
                    method,
                    status,
                }));
            }
        }
        for rule in rules {
            drop(self.refused.get_or_create(&Refused { rule }));
        }
    }

    pub(super) fn begun(&self) {
        self.in_flight.inc();
    }

    pub(super) fn answered(
        &self,
        (route, method): (Option<&'static str>, &'static str),
        status: u16,
        after: Duration,
    ) {
        self.in_flight.dec();
        let (route, method) = match route {
            Some(route) => (route, method),
            None => (OTHER, OTHER),
        };
        self.answered
            .get_or_create(&Answered {
                route,
                method,
                status,
            })
            .inc();
        self.seconds
            .get_or_create(&Asked { route, method })
            .observe(after.as_secs_f64());
    }

    /// The answer has never begun: its client has gone.
    pub(super) fn given_up(&self) {
        self.in_flight.dec();
    }

    pub(super) fn refused(&self, rule: &'static str) {
        self.refused.get_or_create(&Refused { rule }).inc();
    }
}

impl Metrics {
    /// These routes with their methods may be asked for, and these rules may refuse.
    pub(crate) fn expect_requests(
        &self,
        routes: impl Iterator<Item = (&'static str, &'static str)>,
        rules: impl Iterator<Item = &'static str>,
    ) {
        self.requests.expect(routes, rules);
    }

    pub(crate) fn request_begun(&self) {
        self.requests.begun();
    }

    pub(crate) fn request_answered(
        &self,
        asked: (Option<&'static str>, &'static str),
        status: u16,
        after: Duration,
    ) {
        self.requests.answered(asked, status, after);
    }

    pub(crate) fn request_given_up(&self) {
        self.requests.given_up();
    }

    pub(crate) fn refused(&self, rule: &'static str) {
        self.requests.refused(rule);
    }
}
