//! How a route stands in the table: its path, and for each method who may call it and what answers. The access is
//! an argument, so that a route without a decision does not compile.

use actix_web::body::BoxBody;
use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, resource};
use actix_web::{FromRequest, Handler, Responder, Route};

use super::auth::{Access, enforce};
use super::error::ApiError;

/// All methods of one path.
pub(super) struct Place {
    path: &'static str,
    entries: Vec<Entry>,
}

/// One method of a path.
pub(super) struct Entry {
    method: Method,
    access: Access,
    route: Route,
}

pub(super) fn at<const N: usize>(path: &'static str, entries: [Entry; N]) -> Place {
    Place {
        path,
        entries: entries.into(),
    }
}

pub(super) fn get<F, Args>(access: Access, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    entry(Method::GET, access, web::to(handler))
}

pub(super) fn post<F, Args>(access: Access, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    entry(Method::POST, access, web::to(handler))
}

pub(super) fn put<F, Args>(access: Access, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    entry(Method::PUT, access, web::to(handler))
}

pub(super) fn patch<F, Args>(access: Access, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    entry(Method::PATCH, access, web::to(handler))
}

pub(super) fn delete<F, Args>(access: Access, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    entry(Method::DELETE, access, web::to(handler))
}

fn entry(method: Method, access: Access, route: Route) -> Entry {
    Entry {
        route: route.method(method.clone()),
        method,
        access,
    }
}

impl Place {
    /// Each method with who may call it.
    pub(super) fn decisions(&self) -> impl Iterator<Item = (Method, &'static str, Access)> {
        let path = self.path;
        self.entries
            .iter()
            .map(move |entry| (entry.method.clone(), path, entry.access))
    }

    /// Whether HEAD is answered as GET, without the body: where anybody may look, as monitors and link checkers do.
    fn answers_head(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.method == Method::GET && matches!(entry.access, Access::Public))
    }

    /// What actix is given. Any other method is 405, with those that the path takes (RFC 9110, section 15.5.6).
    pub(super) fn into_service(self) -> impl HttpServiceFactory + 'static {
        let answers_head = self.answers_head();
        let methods = self.entries.iter().map(|entry| entry.method.as_str());
        let methods: Vec<_> = methods.chain(answers_head.then_some("HEAD")).collect();
        let allowed = methods.join(", ");
        let mut decided = Vec::new();
        let mut resource = resource(self.path);
        for Entry {
            method,
            access,
            route,
        } in self.entries
        {
            decided.push((method, access));
            resource = resource.route(route);
        }
        let refuse = move || {
            let error = ApiError::method_not_allowed(&allowed);
            async { Err::<String, _>(error) }
        };
        resource.default_service(web::to(refuse)).wrap(from_fn(
            move |mut request: ServiceRequest, next: Next<BoxBody>| {
                if answers_head && request.method() == Method::HEAD {
                    request.head_mut().method = Method::GET;
                }
                let decided = decided.iter().find(|(method, _)| method == request.method());
                // A method that the path does not take is refused whoever asks.
                let access = decided.map_or(Access::Public, |(_, access)| *access);
                enforce(access, request, next)
            },
        ))
    }
}
