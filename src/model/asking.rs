//! What the requests of a traffic ask, what makes an answer good, and how it tells who gave it.

/// A request and the answer it should get.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asking {
    pub method: Method,
    /// Beside those that every request has; names in lower case.
    pub headers: Vec<(String, String)>,
    pub expect: GoodAnswer,
    /// None when the clusters cannot be told apart.
    pub answered_by: Option<AnsweredBy>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Method {
    Delete,
    #[default]
    Get,
    Options,
    Patch,
    Post,
    Put,
}

impl Method {
    /// Not `HEAD`: its answers are empty, so little could be wrong with them.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("DELETE", Self::Delete),
        ("GET", Self::Get),
        ("OPTIONS", Self::Options),
        ("PATCH", Self::Patch),
        ("POST", Self::Post),
        ("PUT", Self::Put),
    ];
}

/// Another status is `http`, another body `wrong`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GoodAnswer {
    pub status: u16,
    /// None when any will do.
    pub body: Option<Body>,
}

impl Default for GoodAnswer {
    fn default() -> Self {
        Self { status: 200, body: None }
    }
}

/// What the body of a good answer is, blanks around it aside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    Contains(String),
    Is(String),
}

impl Body {
    #[must_use]
    pub fn fits(&self, body: &str) -> bool {
        match self {
            Self::Contains(part) => body.contains(part.as_str()),
            Self::Is(whole) => body.trim() == whole.trim(),
        }
    }
}

/// Where an answer names the cluster that gave it: by the cluster's name in the lab, its name on
/// this host, or the name of one of its nodes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AnsweredBy {
    /// The whole body, blanks around it aside.
    Body,
    /// The value of this header; its name in lower case.
    Header(String),
}

impl Default for Asking {
    /// As the shipped workload is asked.
    fn default() -> Self {
        Self {
            method: Method::default(),
            headers: Vec::new(),
            expect: GoodAnswer::default(),
            answered_by: Some(AnsweredBy::Body),
        }
    }
}

impl Asking {
    /// Whether any answer of the expected status could be `wrong`.
    #[must_use]
    pub const fn can_be_wrong(&self) -> bool {
        self.answered_by.is_some() || self.expect.body.is_some()
    }
}
