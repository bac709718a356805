//! `seatrial render`.

use super::{Context, Failure, Outcome, source::LabSource};
use crate::{
    fleet::plan::Taken,
    model::nearest::Nearest,
    runner::{PlannedCluster, Wanted},
};

/// Show the exact configuration that a provider would get. Nothing is created or reserved.
#[derive(Debug, clap::Args)]
pub(super) struct Render {
    /// The lab's file, or the name of a shipped one.
    lab: LabSource,
    /// Only this cluster.
    #[arg(long, short)]
    cluster: Option<String>,
}

impl Render {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let (lab, catalogue) = self.lab.load(context)?;
        if let Some(cluster) = &self.cluster
            && !lab.clusters.contains_key(cluster.as_str())
        {
            let nearest = Nearest::among(cluster, lab.clusters.keys().map(ToString::to_string));
            return Err(Failure::usage(format!(
                "lab `{}` has no cluster `{cluster}`; {nearest}",
                lab.name
            )));
        }
        let watched = context.host_with(catalogue, None).await?;
        let wanted = Wanted::lab(&lab, self.lab.shown());
        let planned = PlannedCluster::all(&watched.host, &wanted).await?;
        let mut taken = Taken::by(&watched.host.state.labs()?, []);
        let mut documents = Vec::new();
        for cluster in &planned {
            let record = cluster.record("", &mut taken)?;
            if self.cluster.as_deref().is_none_or(|only| only == &*cluster.cluster) {
                let tools = &watched.host.tools;
                let rendered = cluster.render(tools, &record).await?;
                documents.push(format!("# {}\n{rendered}", cluster.name));
            }
        }
        watched.close().await;
        Ok(Outcome::passed(documents.join("---\n")))
    }
}
