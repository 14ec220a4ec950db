//! The chain: the tables in their order, with what flags and variables say of them.

use secrecy::SecretString;

use super::super::{ConfigError, ServeArgs};
use super::check::ProviderProblem;
use super::{ProviderSettings, ProviderTable, Wire};

/// What flags and variables say of one vendor.
struct Variables<'a> {
    /// The wires that they are about; the first is the one of a provider made of variables alone.
    wires: &'static [Wire],
    base_url: Option<&'a String>,
    api_key: Option<&'a SecretString>,
    model: Option<&'a String>,
}

/// All providers in their order; none when nothing is configured.
pub(in crate::config) fn providers(
    args: &ServeArgs,
    mut tables: Vec<ProviderTable>,
) -> Result<Vec<ProviderSettings>, ConfigError> {
    let openai = Variables {
        wires: &[Wire::OpenaiChat, Wire::OpenaiResponses],
        base_url: args.openai_base_url.as_ref(),
        api_key: args.openai_api_key.as_ref(),
        model: args.openai_model.as_ref(),
    };
    let anthropic = Variables {
        wires: &[Wire::Anthropic],
        base_url: args.anthropic_base_url.as_ref(),
        api_key: args.anthropic_api_key.as_ref(),
        model: args.anthropic_model.as_ref(),
    };
    let made = [openai.apply(&mut tables), anthropic.apply(&mut tables)];
    let chain: Vec<_> = made.into_iter().flatten().chain(tables).collect();
    let mut providers: Vec<ProviderSettings> = Vec::with_capacity(chain.len());
    for mut table in chain {
        table
            .allow_private_addresses
            .get_or_insert(args.allow_private_addresses);
        let name = table.shown_name();
        let problem = |problem| ConfigError::Provider {
            name: name.clone(),
            problem,
        };
        let settings = table.settings().map_err(problem)?;
        if providers.iter().any(|other| other.name == settings.name) {
            return Err(problem(ProviderProblem::SameName));
        }
        providers.push(settings);
    }
    Ok(providers)
}

impl Variables<'_> {
    /// They win over the first table of their wires. Without one, a key or a base URL makes a provider.
    fn apply(&self, tables: &mut [ProviderTable]) -> Option<ProviderTable> {
        if let Some(table) = tables.iter_mut().find(|table| self.wires.contains(&table.wire)) {
            self.write_to(table);
            return None;
        }
        let is_configured = self.base_url.is_some() || self.api_key.is_some();
        is_configured.then(|| {
            let mut table = ProviderTable::of(self.wires[0]);
            self.write_to(&mut table);
            table
        })
    }

    fn write_to(&self, table: &mut ProviderTable) {
        table.base_url = self.base_url.cloned().or(table.base_url.take());
        table.model = self.model.cloned().or(table.model.take());
        if let Some(key) = self.api_key {
            table.replace_key(key.clone());
        }
    }
}
