//! `seatrial env`.

use super::{Context, Failure, Outcome, stop::named_or_only};

/// Print shell exports that point kubectl at a lab.
#[derive(Debug, clap::Args)]
pub(super) struct Env {
    /// The lab [default: the only one].
    lab: Option<String>,
}

impl Env {
    pub(super) fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let state = context.state()?;
        let name = named_or_only(context, self.lab)?;
        let record = state.read(&name)?;
        let kubeconfig = state.lab_dir(&record.name).join("kubeconfig");
        if !kubeconfig.exists() {
            return Err(Failure::environment(format!("lab `{name}` is not up yet")));
        }
        let path = kubeconfig.display().to_string();
        let contexts: Vec<&str> = record
            .clusters
            .values()
            .filter(|cluster| cluster.facts.is_some())
            .map(|cluster| cluster.name.as_str())
            .collect();
        Ok(Outcome::passed(format!("export KUBECONFIG={}\n", quoted(&path)))
            .with_remark(&format!("contexts: {}", contexts.join(", "))))
    }
}

/// As a POSIX shell reads it back unchanged.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
