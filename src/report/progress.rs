//! One event as one line for somebody who is watching.

use crate::runner::{Event, Recorded, event::PlannedCluster};

/// The line, with the time since the start in front.
#[must_use]
pub fn line(recorded: &Recorded) -> String {
    let seconds = recorded.at.since(crate::clock::Moment::START).as_secs_f64();
    format!("{seconds:7.1}s  {}", words(&recorded.event))
}

fn words(event: &Event) -> String {
    match event {
        Event::ClusterFailed { cluster, why } => format!("{cluster}: failed: {why}"),
        Event::ClusterReady { cluster, version, cni, .. } => {
            format!("{cluster}: ready, {version} with {cni}")
        }
        Event::ClusterRemoved { cluster } => format!("{cluster}: removed"),
        Event::ClusterReset { cluster } => format!("{cluster}: as it was after `up`"),
        Event::DeedDone { deed, what } => format!("{deed}: {what}"),
        Event::Executed { deed, command, status, .. } => {
            format!("{deed}: ran {command} ({status})")
        }
        Event::FaultHealed { step, proof } => format!("{step}: healed: {proof}"),
        Event::FaultHealing { step, why } => format!("{step}: healing ({why})"),
        Event::FaultInjecting { step, fault, targets } => {
            format!("{step}: {fault} on {}", targets.join(", "))
        }
        Event::FaultProved { step, proof } => format!("{step}: in effect: {proof}"),
        Event::IsolationEnded { probes } => format!("isolation: {probes} probes made"),
        Event::IsolationStarted { paths } => format!("isolation: trying {}", paths.join(", ")),
        Event::Glance(glance) => super::glance::line(glance),
        Event::LabPlanned { lab, clusters } => {
            let clusters: Vec<String> = clusters
                .iter()
                .map(|cluster| format!("\n          {}", planned(cluster)))
                .collect();
            format!("lab {lab}{}", clusters.concat())
        }
        Event::LabLeft { lab, what } => format!("lab {lab}: left behind: {}", what.join("; ")),
        Event::LabRemoved { lab } => format!("lab {lab}: removed, nothing left"),
        Event::LabReused { lab } => format!("lab {lab}: used again"),
        Event::LeftoverEnded { what, group } => {
            format!("{what} that was left at work is ended (process group {group})")
        }
        Event::LabUnneeded { lab } => format!("lab {lab}: no run needs it any more"),
        Event::LogsKept { dir } => format!("logs of the clusters: {dir}"),
        Event::Phase { cluster, phase: words } | Event::Remark { cluster, words } => {
            format!("{cluster}: {words}")
        }
        Event::PlannedAnew { what, why } => format!("planned anew: {what} ({why})"),
        Event::RunStarted { run, scenario, .. } => format!("run {run} of {scenario}"),
        Event::Server { server, up, why } => {
            format!("front door: {server} {} ({why})", if *up { "up" } else { "down" })
        }
        Event::StepDone { step, outcome } => format!("{step}: {outcome}"),
        Event::StepStarted { step, say } => match say {
            Some(say) => format!("{step}: {say}"),
            None => step.clone(),
        },
        Event::SteadyJudged { verdict, why } => {
            let why = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            format!("steady: {verdict}{why}")
        }
        Event::TrafficEnded => "traffic ended".to_owned(),
        Event::TrafficStarted { streams, door } => {
            let through = door.as_ref().map(|door| format!(" through {door}"));
            format!("traffic: {}{}", streams.join(", "), through.unwrap_or_default())
        }
        Event::WorkloadReady { cluster, workload, namespace, installed: true } => format!(
            "{cluster}: {workload} is installed in namespace {namespace}, and stays until the \
             cluster goes or you delete it"
        ),
        Event::WorkloadReady { cluster, workload, .. } => {
            format!("{cluster}: {workload} is there already")
        }
    }
}

fn planned(cluster: &PlannedCluster) -> String {
    let PlannedCluster { cluster, cni, provider, image, chosen, template, replaces, nodes, .. } =
        cluster;
    let nodes = nodes
        .iter()
        .map(|node| format!("\n            {}: {} ({})", node.parameter, node.image, node.chosen));
    let template = template.iter().map(|template| match replaces {
        Some(replaced) => {
            format!("\n            by {template}, which goes before the {replaced} one")
        }
        None => format!("\n            by {template}"),
    });
    let more: String = nodes.chain(template).collect();
    format!("{cluster}: {cni} by {provider}, {image} ({chosen}){more}")
}
