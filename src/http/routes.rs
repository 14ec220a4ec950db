//! How a route stands in the table: its path, and for each method who may call it and what answers. The access is
//! an argument, so that a route without a decision does not compile.

use actix_web::body::BoxBody;
use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::guard;
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
    /// Whether it answers HEAD, too.
    heads: bool,
    access: Access,
    route: Route,
}

pub(super) fn at<const N: usize>(path: &'static str, entries: [Entry; N]) -> Place {
    Place {
        path,
        entries: entries.into(),
    }
}

/// Answers HEAD as well: as GET, without the body (RFC 9110, section 9.3.2).
pub(super) fn get<F, Args>(access: Access, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let either = guard::Any(guard::Get()).or(guard::Head());
    Entry {
        method: Method::GET,
        heads: true,
        access,
        route: web::to(handler).guard(either),
    }
}

/// GET of what is written as it comes. It has no HEAD: nobody knows the answer before it is written.
pub(super) fn stream<F, Args>(access: Access, handler: F) -> Entry
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
        heads: false,
        method,
        access,
    }
}

impl Entry {
    /// The methods that it answers.
    fn methods(&self) -> impl Iterator<Item = Method> {
        let head = self.heads.then_some(Method::HEAD);
        [self.method.clone()].into_iter().chain(head)
    }
}

impl Place {
    /// The template.
    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    /// Each method with who may call it. Who may GET may HEAD.
    pub(super) fn decisions(&self) -> impl Iterator<Item = (Method, &'static str, Access)> {
        let path = self.path;
        self.entries
            .iter()
            .map(move |entry| (entry.method.clone(), path, entry.access))
    }

    /// What actix is given. Any other method is 405, with those that the path takes (RFC 9110, section 15.5.6).
    pub(super) fn into_service(self) -> impl HttpServiceFactory + 'static {
        let mut decided = Vec::new();
        let mut resource = resource(self.path);
        for entry in self.entries {
            decided.extend(entry.methods().map(|method| (method, entry.access)));
            resource = resource.route(entry.route);
        }
        let methods: Vec<_> = decided.iter().map(|(method, _)| method.as_str()).collect();
        let allowed = methods.join(", ");
        let refuse = move || {
            let error = ApiError::method_not_allowed(&allowed);
            async { Err::<String, _>(error) }
        };
        resource.default_service(web::to(refuse)).wrap(from_fn(
            move |request: ServiceRequest, next: Next<BoxBody>| {
                let decided = decided.iter().find(|(method, _)| method == request.method());
                // A method that the path does not take is refused whoever asks.
                let access = decided.map_or(Access::Public, |(_, access)| *access);
                enforce(access, request, next)
            },
        ))
    }
}
