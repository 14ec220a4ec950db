//! The pages, embedded in the binary: the chat, and the API's documentation. They load nothing from elsewhere, and
//! their policy forbids them to. Where they are switched off there is nothing at their paths.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::SharedApp;
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
    let zipped = takes_gzip(request.headers()) && is_text(path);
    let tag = entity_tag(&file, zipped);
    let known = request.headers().get(header::IF_NONE_MATCH);
    let is_known = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
        .content_type(file.metadata.mimetype());
    if zipped {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(match (is_known, zipped) {
        // Bytes behind its header would be read as the next answer (RFC 9112, section 6.3).
        (true, _) => response.finish(),
        (false, true) => response.body(gzipped(path, &file)),
        (false, false) => response.body(file.data.into_owned()),
    })
}

/// Each file is compressed once, when it is first asked for.
fn gzipped(path: &str, file: &EmbeddedFile) -> Bytes {
    static KEPT: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let zipped = kept.entry(path.to_owned()).or_insert_with(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to a Vec cannot fail.
        let _ = encoder.write_all(&file.data);
        encoder.finish().unwrap_or_default().into()
    });
    zipped.clone()
}

fn is_text(path: &str) -> bool {
    ["html", "css", "js", "svg", "txt"]
        .iter()
        .any(|kind| path.ends_with(kind))
}

/// RFC 9110, section 12.5.3: a coding of weight 0 is not acceptable.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::ACCEPT_ENCODING);
    codings
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            named && weight.unwrap_or(1.0) > 0.0
        })
}

fn entity_tag(file: &EmbeddedFile, zipped: bool) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let coding = if zipped { "-gzip" } else { "" };
    format!("\"{hex}{coding}\"")
}
