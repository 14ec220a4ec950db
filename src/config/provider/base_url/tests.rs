use proptest::prelude::*;

use super::*;

/// Good ones, as operators write them.
const GOOD: [&str; 17] = [
    "https://api.openai.com/v1",
    "https://api.openai.com/v1/",
    "https://api.openai.com",
    "https://API.OpenAI.com/v1",
    "https://api.openai.com:443/v1",
    "https://proxy.example:8443/openai/deployments/gpt-5",
    "https://xn--bcher-kva.example/v1",
    "https://10.1.2.3/v1",
    "https://[2606:4700::1111]/v1",
    "https://8.8.8.8/v1",
    "http://127.0.0.1:8081/v1",
    "http://localhost:11434/v1",
    "http://model.localhost/v1",
    "http://[::1]:8080/v1",
    "http://192.168.1.7:8000/v1",
    "http://100.64.0.7/v1",
    "http://[fd12:3456::1]/v1",
];

/// Each means another host than it seems to, or could to another parser; or leads where no provider is.
const TRICKS: [&str; 104] = [
    // No URL, or another scheme.
    "",
    " ",
    "v1",
    "//api.openai.com/v1",
    "api.openai.com/v1",
    "ftp://api.openai.com/v1",
    "file:///etc/passwd",
    "gopher://api.openai.com:70/_GET",
    "data:text/plain,x",
    "javascript:alert(1)",
    "ws://api.openai.com/v1",
    "unix:///run/model.sock",
    "http:",
    "http://",
    "https://",
    "https:///",
    "https:///v1",
    "http:///127.0.0.1/v1",
    // The scheme and its slashes.
    "https:/api.openai.com/v1",
    "https:api.openai.com/v1",
    "https:\\\\api.openai.com\\v1",
    "https:////api.openai.com/v1",
    "https:///api.openai.com/v1",
    " https://api.openai.com/v1",
    "https://api.openai.com/v1 ",
    "ht\ntps://api.openai.com/v1",
    "\thttps://api.openai.com/v1",
    "https://api.openai.com/v1\n",
    "\u{feff}https://api.openai.com/v1",
    // Users, which look like hosts.
    "https://api.openai.com@evil.example/v1",
    "https://user@api.openai.com/v1",
    "https://:key@api.openai.com/v1",
    "https://user:key@api.openai.com/v1",
    "https://@api.openai.com/v1",
    "https://:@api.openai.com/v1",
    "https://api.openai.com:443@evil.example/v1",
    "https://evil.example\\@api.openai.com/v1",
    "https://api.openai.com%40evil.example/v1",
    "https://api.openai.com&@evil.example/v1",
    "https://api.openai.com\u{ff20}evil.example/v1",
    // Queries and fragments, behind which a host can be hidden.
    "https://evil.example?@api.openai.com/v1",
    "https://evil.example#@api.openai.com/v1",
    "https://api.openai.com/v1?x=y",
    "https://api.openai.com/v1#x",
    "https://api.openai.com/v1?",
    "https://api.openai.com/v1#",
    // Hosts in disguise.
    "https://api.openai.com./v1",
    "https://api%2eopenai.com/v1",
    "https://api.openai%E3%80%82com/v1",
    "https://api\u{3002}openai\u{ff0e}com/v1",
    "https://\u{ff41}pi.openai.com/v1",
    "https://b\u{fc}cher.example/v1",
    "https://\u{0430}pi.openai.com/v1",
    "https://api.ope\u{ad}nai.com/v1",
    "https://api.ope\u{200b}nai.com/v1",
    "https://api.open\tai.com/v1",
    "https://api.open\nai.com/v1",
    "https://api.openai.com\\evil.example/v1",
    "https://api openai.com/v1",
    "https://api.openai.com\0.evil.example/v1",
    "https://.api.openai.com:/v1",
    "https://api.openai.com:/v1",
    "https://api.openai.com:0443/v1",
    "https://api.openai.com:+443/v1",
    "https://api.openai.com:99999/v1",
    "https://api.openai.com:443:80/v1",
    "https://api.openai.com:8\t443/v1",
    "https://\u{24db}ocalhost/v1",
    "http://\u{ff4c}ocalhost/v1",
    "http://localhos\u{2e3}/v1",
    // Addresses in disguise.
    "http://2130706433/v1",
    "http://0x7f000001/v1",
    "http://017700000001/v1",
    "http://0177.0.0.1/v1",
    "http://0x7f.1/v1",
    "http://127.1/v1",
    "http://127.0.1/v1",
    "http://127.0.0.1./v1",
    "http://127.000.000.001/v1",
    "http://\u{2460}\u{2461}\u{2466}.0.0.1/v1",
    "http://127%2e0.0.1/v1",
    "http://[::ffff:127.0.0.1]/v1",
    "http://[0:0:0:0:0:0:0:1]/v1",
    "http://[::1%25eth0]/v1",
    "http://[::1/v1",
    "http://::1/v1",
    "http://256.1.1.1/v1",
    // Addresses where no provider is.
    "http://0.0.0.0/v1",
    "http://0/v1",
    "http://169.254.169.254/latest",
    "https://169.254.169.254/latest",
    "http://[fe80::1]/v1",
    "http://[fd00:ec2::254]/latest",
    "http://[::]/v1",
    "http://255.255.255.255/v1",
    "http://224.0.0.1/v1",
    "https://[::ffff:a9fe:a9fe]/latest",
    "https://100.100.100.200/latest",
    "https://[64:ff9b::a9fe:a9fe]/latest",
    "https://192.0.2.1/v1",
    // Paths that are read as others.
    "https://api.openai.com/v1/../admin",
    "https://api.openai.com/%2e%2e/admin",
    "https://api.openai.com\\v1",
    "https://api.openai.com/v1\\x",
];

/// Without TLS everybody on the way reads the key.
const PLAIN: [&str; 5] = [
    "http://api.openai.com/v1",
    "http://8.8.8.8/v1",
    "http://localhost.evil.example/v1",
    "http://127.0.0.1.evil.example/v1",
    "http://ollama:11434/v1",
];

#[test]
fn urls_as_operators_write_them_are_taken() {
    for url in GOOD {
        assert!(base_url(url, false).is_ok(), "{url}: {:?}", base_url(url, false));
    }
}

#[test]
fn a_url_that_is_not_what_it_seems_is_refused_whatever_is_allowed() {
    for url in TRICKS {
        for allows_private in [false, true] {
            let taken = base_url(url, allows_private);
            assert!(
                taken.is_err(),
                "{url:?} was taken as {:?}",
                taken.map(|url| url.to_string())
            );
        }
    }
}

#[test]
fn a_key_is_sent_in_the_clear_only_where_the_operator_says_that_it_stays_inside() {
    for url in PLAIN {
        assert_eq!(base_url(url, false), Err(ProviderProblem::PlainHttp), "{url}");
    }
    assert!(base_url("http://ollama:11434/v1", true).is_ok());
    assert_eq!(
        base_url("http://8.8.8.8/v1", true),
        Err(ProviderProblem::PlainHttp)
    );
}

#[test]
fn white_space_is_named_as_what_it_is() {
    for url in [
        " https://api.openai.com/v1",
        "https://api.openai.com/v1\n",
        "https://api.openai.com/v1\r\n",
        "\thttps://api.openai.com/v1",
        "https://api.openai.com/v1\u{a0}",
        "https://api. openai.com/v1",
    ] {
        assert_eq!(
            base_url(url, false),
            Err(ProviderProblem::WhiteSpaceInBaseUrl),
            "{url:?}"
        );
    }
    assert_eq!(base_url(" ", false), Err(ProviderProblem::BaseUrl));
}

#[test]
fn a_url_that_is_the_whole_endpoint_is_refused_with_what_to_leave_out() {
    let check = |url: &str, wire| check_path(&base_url(url, false).unwrap(), wire);
    let whole = |end| Err(ProviderProblem::WholeEndpoint(end));
    for wire in [Wire::OpenaiChat, Wire::OpenaiResponses, Wire::Anthropic] {
        for good in GOOD {
            assert_eq!(check(good, wire), Ok(()), "{good}");
        }
        for (url, end) in [
            ("https://a.example/v1/chat/completions", "/chat/completions"),
            ("https://a.example/v1/chat/completions/", "/chat/completions"),
            (
                "https://a.example/openai/deployments/d/Chat/Completions",
                "/chat/completions",
            ),
            ("https://a.example/v1/messages", "/v1/messages"),
            ("https://a.example/v1/responses", "/v1/responses"),
        ] {
            assert_eq!(check(url, wire), whole(end), "{url}");
        }
        for url in ["https://a.example/v1//", "https://a.example//v1"] {
            assert_eq!(check(url, wire), Err(ProviderProblem::EmptyPart), "{url}");
        }
    }
    assert_eq!(
        check("https://a.example/responses", Wire::OpenaiResponses),
        whole("/responses")
    );
    assert_eq!(check("https://a.example/responses", Wire::Anthropic), Ok(()));
    assert_eq!(
        check("https://a.example/api/messages", Wire::Anthropic),
        whole("/messages")
    );
    assert_eq!(
        check("https://a.example/v1/completions", Wire::OpenaiChat),
        whole("/v1/completions")
    );
}

proptest! {
    /// Whatever is taken goes to the host that an eye sees between the slashes.
    #[test]
    fn any_text_that_is_taken_names_its_host_in_plain_sight(rest in "[a-zA-Z0-9.:/@\\\\\\[\\]%?#_ -]{0,40}|\\PC{0,20}") {
        let text = format!("https://{rest}");
        if let Ok(url) = base_url(&text, true) {
            let authority = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
            let host = url.host_str().expect("a host");
            prop_assert!(authority == host || authority.starts_with(&format!("{host}:")), "{text} goes to {host}");
            prop_assert!(!text.contains(['@', '\\', '?', '#', '%', ' ']) || url.path().contains('%'), "{text}");
        }
    }
}
