//! Names of providers become addresses here, each time a connection is made, and a connection is made to exactly what
//! was checked. A name that suddenly leads into the operator's own network (DNS rebinding) leads nowhere.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::{ProviderSettings, Reach, is_this_machine, reach};

type LookUp = dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync;

/// Resolves one provider's host, and no other.
pub(super) struct CheckedResolver {
    host: String,
    allowed: Allowed,
    look_up: Arc<LookUp>,
}

/// Which addresses may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    /// Of this machine.
    Loopback,
    Public,
    /// Of a private network: without TLS, what is sent has to stay there.
    Private,
    PublicOrPrivate,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("a connection to another host than the configured one was asked for")]
    OtherHost,
    #[error(
        "the host's name leads to an address that the provider may not have: see allow_private_addresses"
    )]
    Address,
}

impl CheckedResolver {
    /// By the system's resolver.
    pub(super) fn of(settings: &ProviderSettings) -> Self {
        let look_up = |host: String| -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
            Box::pin(async move {
                let found = tokio::net::lookup_host((host, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        };
        Self::with(settings, Arc::new(look_up))
    }

    fn with(settings: &ProviderSettings, look_up: Arc<LookUp>) -> Self {
        let host = settings.base_url.host_str().unwrap_or_default().to_owned();
        let is_plain = settings.base_url.scheme() == "http";
        let allowed = match (is_this_machine(&host), settings.allow_private_addresses) {
            (true, _) => Allowed::Loopback,
            (false, false) => Allowed::Public,
            (false, true) if is_plain => Allowed::Private,
            (false, true) => Allowed::PublicOrPrivate,
        };
        Self {
            host,
            allowed,
            look_up,
        }
    }
}

impl Allowed {
    fn allows(self, address: IpAddr) -> bool {
        let reach = reach(address);
        match self {
            Self::Loopback => address.to_canonical().is_loopback(),
            Self::Public => reach == Reach::Public,
            Self::Private => reach == Reach::Private,
            Self::PublicOrPrivate => reach != Reach::Nowhere,
        }
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        if !name.as_str().eq_ignore_ascii_case(&self.host) {
            return Box::pin(async { Err(Refused::OtherHost.into()) });
        }
        let (allowed, found) = (self.allowed, (self.look_up)(self.host.clone()));
        Box::pin(async move {
            let found = found.await?;
            // One wrong address among right ones is no accident, either.
            if !found.iter().all(|address| allowed.allows(*address)) {
                return Err(Refused::Address.into());
            }
            let sockets = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::config::Wire;

    fn settings(base_url: &str, allow_private_addresses: bool) -> ProviderSettings {
        ProviderSettings {
            allow_private_addresses,
            ..ProviderSettings::new("p", Wire::OpenaiChat, base_url.parse().expect("a URL"), "m")
        }
    }

    /// Answers the next list each time it is asked.
    fn answering(answers: &'static [&'static [&'static str]]) -> Arc<LookUp> {
        let asked = AtomicUsize::new(0);
        Arc::new(move |_| {
            let answer = answers[asked.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1)];
            let addresses = answer.iter().map(|address| address.parse().expect("an address"));
            let addresses = Ok(addresses.collect());
            Box::pin(async move { addresses })
        })
    }

    async fn resolve(resolver: &CheckedResolver, name: &str) -> Result<Vec<String>, String> {
        let found = resolver.resolve(name.parse().expect("a name")).await;
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn a_name_that_leads_into_a_private_network_later_leads_nowhere() {
        let answers = answering(&[
            &["8.8.8.8"],
            &["127.0.0.1"],
            &["169.254.169.254"],
            &["8.8.8.8", "10.0.0.1"],
        ]);
        let resolver = CheckedResolver::with(&settings("https://rebinding.example", false), answers);
        assert_eq!(
            resolve(&resolver, "rebinding.example").await,
            Ok(vec!["8.8.8.8".to_owned()])
        );
        for _ in 0..3 {
            let refused = resolve(&resolver, "rebinding.example")
                .await
                .expect_err("no address");
            assert!(refused.contains("allow_private_addresses"), "{refused}");
        }
    }

    #[tokio::test]
    async fn an_operator_can_allow_a_private_network_but_no_credentials_of_a_cloud() {
        let answers = answering(&[
            &["10.0.0.1"],
            &["fd12::1"],
            &["169.254.169.254"],
            &["fd00:ec2::254"],
        ]);
        let resolver = CheckedResolver::with(&settings("https://model.internal", true), answers);
        assert!(resolve(&resolver, "model.internal").await.is_ok());
        assert!(resolve(&resolver, "model.internal").await.is_ok());
        assert!(resolve(&resolver, "model.internal").await.is_err());
        assert!(resolve(&resolver, "model.internal").await.is_err());
    }

    #[tokio::test]
    async fn without_tls_nothing_leaves_the_private_network() {
        let answers = answering(&[&["10.0.0.1"], &["8.8.8.8"]]);
        let resolver = CheckedResolver::with(&settings("http://ollama:11434", true), answers);
        assert!(resolve(&resolver, "ollama").await.is_ok());
        assert!(resolve(&resolver, "ollama").await.is_err());
    }

    #[tokio::test]
    async fn localhost_is_this_machine_or_nothing() {
        let answers = answering(&[&["127.0.0.1", "::1"], &["10.0.0.1"], &["8.8.8.8"]]);
        let resolver = CheckedResolver::with(&settings("http://localhost:8080", false), answers);
        assert!(resolve(&resolver, "localhost").await.is_ok());
        assert!(resolve(&resolver, "localhost").await.is_err());
        assert!(resolve(&resolver, "localhost").await.is_err());
    }

    #[tokio::test]
    async fn the_key_goes_to_no_other_host() {
        let resolver = CheckedResolver::with(
            &settings("https://api.example", false),
            answering(&[&["8.8.8.8"]]),
        );
        let refused = resolve(&resolver, "evil.example").await.expect_err("no address");
        assert!(refused.contains("another host"), "{refused}");
    }
}
