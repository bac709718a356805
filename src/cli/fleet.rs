//! `seatrial fleet`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Context, Failure, Outcome,
    table::{self, Format, Rows},
};

/// Live clusters.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Fleet {
    /// List the registered clusters: what they are, and how to reach them.
    List {
        #[arg(long, short, value_enum, default_value_t)]
        output: Format,
    },
}

#[derive(Serialize)]
struct Row {
    name: String,
    lab: String,
    cluster: String,
    kubernetes: String,
    cni: String,
    labels: BTreeMap<String, String>,
    uid: String,
    kubeconfig: String,
}

impl Rows for Row {
    const HEADER: &'static [&'static str] = &["NAME", "LAB", "KUBERNETES", "CNI", "LABELS", "UID"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self) -> Vec<String> {
        let labels: Vec<String> =
            self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let Self { name, lab, kubernetes, cni, uid, .. } = self;
        let labels = labels.join(",");
        [name, lab, kubernetes, cni, &labels, uid].map(String::clone).to_vec()
    }
}

impl Fleet {
    pub(super) fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let Self::List { output } = self;
        let state = context.state()?;
        let mut rows = Vec::new();
        for lab in state.labs()? {
            for (name, cluster) in &lab.clusters {
                let Some(facts) = &cluster.facts else { continue };
                let dir = state.lab_dir(&lab.name).join("clusters").join(&**name);
                rows.push(Row {
                    name: cluster.name.clone(),
                    lab: lab.name.to_string(),
                    cluster: name.to_string(),
                    kubernetes: facts.version.clone(),
                    cni: facts.cni.clone(),
                    labels: cluster.declared.labels.clone(),
                    uid: facts.uid.clone(),
                    kubeconfig: dir.join("kubeconfig").display().to_string(),
                });
            }
        }
        let outcome = Outcome::passed(table::write(output, &rows)?);
        Ok(if rows.is_empty() { outcome.with_remark("there is no cluster") } else { outcome })
    }
}
