//! Whose data a caller may read: its own, what it was shown, and what its token lets it observe. Only the owner
//! ever writes.

use std::sync::Arc;

/// Whose sessions a token lets its user read besides the user's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Observes {
    /// Nobody's.
    #[default]
    Nobody,
    /// Those of these users.
    Users(Vec<String>),
    /// Everybody's.
    Everybody,
}

impl Observes {
    /// As it is stored: nothing, `*`, or a JSON list.
    pub(super) fn to_column(&self) -> Option<String> {
        match self {
            Self::Nobody => None,
            Self::Users(users) => Some(serde_json::Value::from(users.clone()).to_string()),
            Self::Everybody => Some("*".to_owned()),
        }
    }

    /// Whether sessions of `owner` are among them.
    #[must_use]
    pub fn covers(&self, owner: &str) -> bool {
        match self {
            Self::Nobody => false,
            Self::Users(users) => users.iter().any(|user| user == owner),
            Self::Everybody => true,
        }
    }

    /// What cannot be read lets nobody be observed.
    pub(super) fn from_column(text: Option<&str>) -> Self {
        match text {
            Some("*") => Self::Everybody,
            Some(list) => serde_json::from_str(list).map_or(Self::Nobody, Self::Users),
            None => Self::Nobody,
        }
    }
}

/// Who asks, and what that user may read. Made where a request's credentials are checked, nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The user.
    pub subject: Arc<str>,
    /// Whose sessions the user may read besides.
    pub observes: Arc<Observes>,
    /// Whether a claim says so, and no token that is stored here.
    pub by_claim: bool,
}

impl Scope {
    /// A user who observes nobody by token.
    #[must_use]
    pub fn of(subject: &str) -> Self {
        Self {
            subject: subject.into(),
            observes: Arc::default(),
            by_claim: false,
        }
    }

    /// Whether it is a claim that lets this user read what is `owner`'s.
    pub(super) fn reads_by_claim(&self, owner: &str) -> bool {
        self.by_claim && *self.subject != *owner && self.observes.covers(owner)
    }
}

/// A condition on rows of `$rows` that have their session beside them: the caller may read it. Own and strange rows
/// take the same statement, so the same time.
macro_rules! visible_rows {
    ($scope:expr, $rows:ty) => {{
        use diesel::dsl::exists;
        use diesel::sql_types::Bool;
        use $crate::repository::scope::{Observes, Scope};
        use $crate::schema::{session_observers, sessions};

        let scope: &Scope = $scope;
        let own = sessions::owner.eq(scope.subject.to_string());
        let shown = exists(
            session_observers::table
                .filter(session_observers::session_id.eq(sessions::id))
                .filter(session_observers::observer.eq(scope.subject.to_string())),
        );
        let visible: Box<dyn BoxableExpression<$rows, diesel::sqlite::Sqlite, SqlType = Bool>> =
            match &*scope.observes {
                Observes::Nobody => Box::new(own.or(shown)),
                Observes::Users(users) => Box::new(own.or(shown).or(sessions::owner.eq_any(users.clone()))),
                Observes::Everybody => Box::new(true.into_sql::<Bool>()),
            };
        visible
    }};
}
pub(super) use visible_rows;
