//! The files of the page: in which coding they come, and what a cache may know about that.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use reqwest::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use reqwest::{Method, Response};

use crate::app::TestApp;
use crate::client::header;
use crate::deadline::within;

const CODE: &str = "/static/dist/page.js";
const PARTS: [&str; 3] = [CODE, "/static/dist/page.css", "/static/dist/typesetter.js"];

/// A file as the sources have it.
fn source(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path.trim_start_matches('/'));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

async fn get(app: &TestApp, path: &str, accepted: Option<&str>, known: Option<&str>) -> Response {
    let mut request = app.learner.request(Method::GET, path);
    if let Some(accepted) = accepted {
        request = request.header(ACCEPT_ENCODING, accepted);
    }
    if let Some(known) = known {
        request = request.header(IF_NONE_MATCH, known);
    }
    within(path, request.send()).await.expect("the server answers")
}

fn coding(response: &Response) -> Option<&str> {
    assert!(varies(response));
    let value = response.headers().get("content-encoding")?;
    Some(value.to_str().expect("text"))
}

fn varies(response: &Response) -> bool {
    header(response, "vary")
        .split(", ")
        .any(|name| name == "Accept-Encoding")
}

async fn body(response: Response) -> Vec<u8> {
    response.bytes().await.expect("a whole body").to_vec()
}

fn unzipped(zipped: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(zipped).read_to_end(&mut plain).expect("gzip");
    plain
}

#[tokio::test]
async fn the_page_comes_in_the_coding_that_a_browser_likes_best() {
    let app = TestApp::start();
    for part in PARTS {
        let plain = source(part);
        let response = get(&app, part, Some("gzip, deflate, br, zstd"), None).await;
        assert_eq!(coding(&response), Some("br"), "{part}");
        assert_eq!(body(response).await, source(&format!("{part}.br")), "{part}");

        let response = get(&app, part, Some("gzip, br;q=0"), None).await;
        assert_eq!(coding(&response), Some("gzip"), "{part}");
        assert_eq!(unzipped(&body(response).await), plain, "{part}");

        for accepted in [None, Some("identity"), Some("br;q=0, gzip;q=0"), Some("zstd")] {
            let response = get(&app, part, accepted, None).await;
            assert_eq!(coding(&response), None, "{part} {accepted:?}");
            assert_eq!(body(response).await, plain, "{part} {accepted:?}");
        }
    }
}

#[tokio::test]
async fn what_the_build_did_not_compress_comes_with_gzip() {
    let app = TestApp::start();
    let response = get(&app, "/", Some("gzip, br"), None).await;
    assert_eq!(coding(&response), Some("gzip"));
    assert_eq!(unzipped(&body(response).await), source("/static/index.html"));
}

#[tokio::test]
async fn each_coding_has_a_tag_of_its_own_by_which_a_cache_knows_it_again() {
    let app = TestApp::start();
    let mut tags = BTreeSet::new();
    for accepted in [None, Some("gzip"), Some("br")] {
        let tag = header(&get(&app, CODE, accepted, None).await, "etag");
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"another\", {tag}"),
            "*".to_owned(),
        ] {
            let response = get(&app, CODE, accepted, Some(&known)).await;
            assert_eq!(response.status(), 304, "{accepted:?} {known}");
            assert_eq!(header(&response, "etag"), tag);
            assert!(varies(&response));
            assert_eq!(body(response).await, b"");
        }
        tags.insert(tag);
    }
    assert_eq!(tags.len(), 3, "{tags:?}");
    for tag in &tags {
        for accepted in [None, Some("gzip"), Some("br")] {
            let response = get(&app, CODE, accepted, Some(tag)).await;
            let own = header(&response, "etag") == *tag;
            assert_eq!(
                response.status(),
                if own { 304 } else { 200 },
                "{accepted:?} {tag}"
            );
        }
    }
}

#[tokio::test]
async fn a_compressed_copy_is_what_its_file_is() {
    // The build checks what they unpack to; here, that none is left out or left over.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("static/dist");
    let files = std::fs::read_dir(folder).expect("the page is built");
    let names: BTreeSet<_> = files
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .filter(|name| name != "licences")
        .collect();
    for name in &names {
        let partner = name
            .strip_suffix(".br")
            .map_or_else(|| format!("{name}.br"), str::to_owned);
        assert!(names.contains(&partner), "{name} without {partner}");
    }
}
