//! The pages, embedded in the binary: the chat, and the API's documentation. They load nothing from elsewhere, and
//! their policy forbids them to. Where they are switched off there is nothing at their paths.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::SharedApp;
use super::coding::{self, Coding};
use super::error::ApiError;
use crate::app::App;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Static;

/// Content Security Policy Level 3 and Trusted Types: no script, style or request but this origin's, and no HTML
/// from a string but through the page's sanitiser.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types dompurify";

pub(super) async fn index(app: SharedApp, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    serve(&app, &request, "index.html")
}

/// The OpenAPI document as a page.
pub(super) async fn docs(app: SharedApp, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    serve(&app, &request, "docs/index.html")
}

pub(super) async fn asset(
    app: SharedApp,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    serve(&app, &request, &path)
}

fn serve(app: &App, request: &HttpRequest, path: &str) -> Result<HttpResponse, ApiError> {
    let file = Static::get(path).filter(|_| app.pages);
    let file = file.ok_or_else(ApiError::not_found)?;
    let brotli = Static::get(&format!("{path}.br"));
    let coding = coding::preferred(request.headers(), offered(path, brotli.is_some()));
    let stored = brotli
        .filter(|_| coding == Coding::Brotli)
        .unwrap_or_else(|| file.clone());
    let tag = entity_tag(&stored, coding);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"));
    if is_known(request, &tag) {
        // Bytes behind its header would be read as the next answer (RFC 9112, section 6.3).
        response.insert_header(header::ETag(tag));
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    let body = match coding {
        Coding::Gzip => gzipped(tag.tag(), &file),
        Coding::Brotli | Coding::Identity => stored.data.into_owned().into(),
    };
    if coding != Coding::Identity {
        response.insert_header((header::CONTENT_ENCODING, coding.name()));
    }
    response.insert_header(header::ETag(tag));
    Ok(response.content_type(file.metadata.mimetype()).body(body))
}

/// The build has compressed what is large, better than could be done for each request.
fn offered(path: &str, has_brotli: bool) -> &'static [Coding] {
    let is_text = ["html", "css", "js", "svg", "txt"]
        .iter()
        .any(|kind| path.ends_with(kind));
    match (is_text, has_brotli) {
        (true, true) => &[Coding::Brotli, Coding::Gzip],
        (true, false) => &[Coding::Gzip],
        (false, _) => &[],
    }
}

/// Each file is compressed once, when it is first asked for.
fn gzipped(tag: &str, file: &EmbeddedFile) -> Bytes {
    static KEPT: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let zipped = kept.entry(tag.to_owned()).or_insert_with(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to a Vec cannot fail.
        let _ = encoder.write_all(&file.data);
        encoder.finish().unwrap_or_default().into()
    });
    zipped.clone()
}

/// RFC 9110, section 13.1.2: a cache on the way may have made the tag a weak one.
fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Of the bytes that are sent: each coding has its own (RFC 9110, section 8.8.3.3).
fn entity_tag(file: &EmbeddedFile, coding: Coding) -> EntityTag {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    EntityTag::new_strong(format!("{hex}-{}", coding.name()))
}
