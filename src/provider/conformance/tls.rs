//! A provider whose TLS cannot be trusted is not talked to.

use super::fake::{Fake, KEY, Step, collect, send};
use super::secrets::assert_tells_nothing;
use super::vendor::ALL;
use crate::provider::{ProviderErrorKind, build};

#[tokio::test]
async fn a_connection_without_trusted_tls_is_a_disconnection_and_no_key_is_sent() {
    for vendor in ALL {
        let fake = Fake::new().await;
        let mut settings = fake.settings(vendor);
        settings.base_url.set_scheme("https").unwrap();
        let provider = build(&settings).unwrap();
        // What answers a TLS greeting in plain text, and what closes on it.
        for steps in [
            vec![send("HTTP/1.1 400 Bad Request\r\n\r\n"), Step::Silence],
            vec![],
        ] {
            let (outcome, greeting) = tokio::join!(collect(&*provider), fake.answer_anything(steps));
            assert!(
                matches!(
                    outcome.kind(),
                    Some(ProviderErrorKind::Disconnected | ProviderErrorKind::ClosedUnanswered)
                ),
                "{vendor:?}: {outcome:?}"
            );
            assert_tells_nothing(&outcome);
            assert!(!String::from_utf8_lossy(&greeting).contains(KEY));
        }
    }
}
