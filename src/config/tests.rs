use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;
use crate::model::ReasoningEffort;

/// The chain that a settings file and arguments make.
fn chain(file: &str, args: ServeArgs) -> Result<Vec<ProviderSettings>, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, file).unwrap();
    let args = ServeArgs {
        config: Some(path),
        ..args
    };
    Settings::load(args).map(|settings| settings.providers)
}

fn openai(base_url: Option<&str>, key: Option<&str>) -> ServeArgs {
    ServeArgs {
        openai_base_url: base_url.map(str::to_owned),
        openai_api_key: key.map(Into::into),
        ..ServeArgs::default()
    }
}

fn key(settings: &ProviderSettings) -> Option<&str> {
    settings.api_key.as_ref().map(ExposeSecret::expose_secret)
}

#[test]
fn nothing_configured_is_no_provider() {
    assert!(chain("", ServeArgs::default()).unwrap().is_empty());
}

#[test]
fn a_key_alone_makes_a_provider_with_defaults() {
    let chain = chain("", openai(None, Some("k"))).unwrap();
    let [only] = &chain[..] else { panic!("{chain:?}") };
    assert_eq!(only.base_url.as_str(), "https://api.openai.com/v1");
    assert_eq!(
        (only.name.as_str(), only.wire, only.auth, key(only)),
        ("openai", Wire::OpenaiChat, Auth::Bearer, Some("k"))
    );
    assert_eq!(
        (only.timeouts, only.limits),
        (Timeouts::default(), AnswerLimits::default())
    );
    assert!(!only.continues_partial && only.allow_request.is_empty());
}

#[test]
fn tables_are_the_chain_in_their_order() {
    let file = r#"
        [[providers]]
        name = "azure"
        wire = "openai-chat"
        base_url = "https://mine.openai.azure.com/openai/deployments/d"
        api_key = "k1"
        auth = "api-key"
        query = { api-version = "2025-01-01" }
        headers = { X-Team = "tutors" }
        organization = "o"
        project = "p"
        temperature = 0.3
        max_tokens = 500
        reasoning_effort = "low"
        allow_request = ["temperature"]
        structured_output = "json-object"
        connect_timeout_seconds = 3
        first_delta_timeout_seconds = 4
        idle_timeout_seconds = 5
        total_timeout_seconds = 6
        max_line_bytes = 1000
        max_answer_bytes = 2000
        max_concurrent = 9
        place_timeout_seconds = 7

        [[providers]]
        wire = "practice"
        name = "offline"
    "#;
    let chain = chain(file, ServeArgs::default()).unwrap();
    assert_eq!(
        chain.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        ["azure", "offline"]
    );
    let azure = &chain[0];
    assert_eq!((azure.auth, key(azure)), (Auth::ApiKey, Some("k1")));
    assert_eq!(azure.query["api-version"], "2025-01-01");
    assert_eq!(azure.headers["X-Team"].expose_secret(), "tutors");
    assert_eq!(azure.parameters.reasoning_effort, Some(ReasoningEffort::Low));
    assert_eq!(
        (azure.timeouts.connect, azure.timeouts.total),
        (Duration::from_secs(3), Duration::from_secs(6))
    );
    assert_eq!(
        (azure.limits.line, azure.limits.answer, azure.max_concurrent),
        (1000, 2000, Some(9))
    );
    assert_eq!(azure.place_timeout, Duration::from_secs(7));
    assert!(!format!("{azure:?}").contains("k1") && !format!("{azure:?}").contains("tutors"));
    let asked = crate::model::Parameters {
        temperature: Some(1.0),
        max_tokens: Some(1),
        reasoning_effort: None,
    };
    assert_eq!(
        refused_parameter(&azure.allow_request, &asked),
        Some(RequestParameter::MaxTokens)
    );
    assert_eq!(chain[1].wire, Wire::Practice);
}

#[test]
fn variables_win_over_the_first_table_of_their_wire() {
    let file = r#"
        [[providers]]
        wire = "practice"
        [[providers]]
        wire = "openai-chat"
        base_url = "https://one.example/v1"
        api_key = "from the file"
        continues_partial = true
        [[providers]]
        name = "two"
        wire = "openai-chat"
        base_url = "https://two.example/v1"
    "#;
    let chain = chain(
        file,
        openai(Some("http://localhost:1/v1"), Some("from a variable")),
    )
    .unwrap();
    let hosts: Vec<_> = chain.iter().map(|p| p.base_url.host_str().unwrap()).collect();
    assert_eq!(hosts[1..], ["localhost", "two.example"]);
    assert_eq!((key(&chain[1]), key(&chain[2])), (Some("from a variable"), None));
    assert!(chain[1].continues_partial);
}

#[test]
fn a_provider_of_variables_comes_before_the_tables() {
    let file = "[[providers]]\nwire = \"practice\"\n";
    let chain = chain(file, openai(None, Some("k"))).unwrap();
    assert_eq!(
        chain.iter().map(|p| p.wire).collect::<Vec<_>>(),
        [Wire::OpenaiChat, Wire::Practice]
    );
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason_and_without_the_secret() {
    let table = |lines: &str| format!("[[providers]]\nwire = \"openai-chat\"\n{lines}");
    let cases = [
        (r#"base_url = "v1""#, "http://"),
        (r#"base_url = "ftp://host/v1""#, "http://"),
        (r#"base_url = "file:///v1""#, "http://"),
        (r#"base_url = """#, "http://"),
        (r#"base_url = "http://user:hidden@host/v1""#, "user name"),
        (r#"base_url = "https://hidden@host/v1""#, "user name"),
        (r#"base_url = "https://host/v1?key=hidden""#, "query"),
        (r#"base_url = "https://host/v1#hidden""#, "fragment"),
        ("", "base_url or a key"),
        ("api_key = \"hid\\nden\"", "cannot be sent"),
        ("api_key = \"hidden\"\napi_key_variable = \"X\"", "cannot both"),
        ("api_key_variable = \"TUTORSTREAM_NO_SUCH_VARIABLE\"", "not set"),
        ("api_key = \"k\"\nname = \"two words\"", "name must"),
        ("api_key = \"k\"\nmodel = \" \"", "model"),
        ("api_key = \"k\"\ntemperature = 3.0", "temperature"),
        ("api_key = \"k\"\ntemperature = nan", "temperature"),
        ("api_key = \"k\"\nmax_tokens = 0", "max_tokens"),
        ("api_key = \"k\"\nheaders = { Host = \"hidden\" }", "headers"),
        ("api_key = \"k\"\nheaders = { \"a b\" = \"hidden\" }", "headers"),
        (
            "api_key = \"k\"\nheaders = { a = \"hidden\\r\\nb: c\" }",
            "headers",
        ),
        ("api_key = \"k\"\nidle_timeout_seconds = 0", "nonzero"),
        ("api_key = \"k\"\ncolour = 7", "colour"),
        ("api_key = \"hidden\\q\"", "line 3"),
        ("api_key = \"hidden", "line 3"),
        ("api_key = \"k\"\nauth = \"password\"", "unknown variant"),
    ];
    for (lines, reason) in cases {
        let error = chain(&table(lines), ServeArgs::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{lines}: {error}");
        assert!(!error.contains("hidden"), "{lines}: {error}");
    }
    let twice = table("api_key = \"k\"\n").repeat(2);
    let error = chain(&twice, ServeArgs::default()).unwrap_err().to_string();
    assert!(error.contains("same name"), "{error}");
}

#[test]
fn both_vendors_of_variables_are_a_chain_of_openai_and_anthropic() {
    let args = ServeArgs {
        anthropic_api_key: Some("a".into()),
        anthropic_model: Some("claude".to_owned()),
        ..openai(None, Some("o"))
    };
    let chain = chain("", args).unwrap();
    let [openai, anthropic] = &chain[..] else {
        panic!("{chain:?}")
    };
    assert_eq!((openai.wire, key(openai)), (Wire::OpenaiChat, Some("o")));
    assert_eq!(
        (anthropic.wire, key(anthropic), anthropic.auth),
        (Wire::Anthropic, Some("a"), Auth::XApiKey)
    );
    assert_eq!(anthropic.base_url.as_str(), "https://api.anthropic.com/");
    assert!(anthropic.model == "claude" && anthropic.continues_partial);
    assert_eq!(anthropic.structured_output, StructuredOutput::ToolCall);
}

#[test]
fn the_variables_of_openai_are_also_for_responses() {
    let file = "[[providers]]\nwire = \"openai-responses\"\nname = \"r\"\n";
    let chain = chain(file, openai(None, Some("k"))).unwrap();
    assert_eq!(
        (chain.len(), chain[0].wire, key(&chain[0])),
        (1, Wire::OpenaiResponses, Some("k"))
    );
}
