//! The demo page, embedded in the binary. It loads nothing from elsewhere, and its policy forbids it to.

use actix_web::http::header;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::ApiError;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Static;

/// Content Security Policy Level 3 and Trusted Types: no script, style or request but this origin's, and no HTML
/// from a string but through the page's sanitiser.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types dompurify";

pub(super) async fn index(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    serve(&request, "index.html")
}

/// The OpenAPI document as a page.
pub(super) async fn docs(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    serve(&request, "docs/index.html")
}

pub(super) async fn asset(request: HttpRequest, path: Path<String>) -> Result<HttpResponse, ApiError> {
    serve(&request, &path)
}

fn serve(request: &HttpRequest, path: &str) -> Result<HttpResponse, ApiError> {
    let file = Static::get(path).ok_or_else(ApiError::not_found)?;
    let tag = entity_tag(&file);
    let known = request.headers().get(header::IF_NONE_MATCH);
    let mut response = HttpResponse::Ok();
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        response = HttpResponse::NotModified();
    }
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
        .content_type(file.metadata.mimetype());
    Ok(response.body(file.data.into_owned()))
}

fn entity_tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}
