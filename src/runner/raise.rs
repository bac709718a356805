//! Bringing a lab up: written down first, then created, several clusters at once. A cluster that
//! fails does not stop the others.

use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{
    ClusterFailure, Event, Host, PlannedCluster, RunnerError, Wanted,
    images::{Images, fetch, of_workload},
    lower::is_of,
    plan,
    raise_cluster::{self, Job},
    routes,
};
use crate::{
    fleet::{FleetError, LabRecord, LabStore, kubeconfig, plan::Taken, state::write_atomically},
    tool::{ToolError, docker::NetworkRequest},
};

/// A lab that was brought up, whole or not.
#[derive(Debug)]
pub struct Raised {
    pub store: LabStore,
    pub failures: Vec<ClusterFailure>,
}

/// How often resources are planned anew when somebody else is quicker.
pub(super) const ATTEMPTS: usize = 3;
/// The label that our networks carry.
pub(super) const LAB_LABEL: &str = "seatrial.lab";
/// When the lab was made: tells it from one of the same name in another state directory.
pub(super) const CREATED_LABEL: &str = "seatrial.created";
/// What one more cluster needs of free memory while it starts.
pub const MEMORY_EACH: u64 = 1 << 30;

/// Brings a lab up. An error means that nothing but the record may be left: lower it.
pub async fn raise(
    host: &Host,
    wanted: &Wanted<'_>,
) -> Result<Raised, (RunnerError, Option<LabStore>)> {
    let planned = PlannedCluster::all(host, wanted).await.map_err(|error| (error, None))?;
    let store = write_down(host, wanted, &planned).await.map_err(|error| (error, None))?;
    match create(host, wanted, planned, &store).await {
        Ok(failures) => Ok(Raised { store, failures }),
        Err(error) => Err((error, Some(store))),
    }
}

/// Takes names and resources, and writes the lab down, before anything of it exists.
async fn write_down(
    host: &Host,
    wanted: &Wanted<'_>,
    planned: &[PlannedCluster],
) -> Result<LabStore, RunnerError> {
    let _planning = host.state.planning_lock().await?;
    let labs = host.state.labs()?;
    if labs.iter().any(|lab| lab.name == wanted.name) {
        return Err(FleetError::Exists { lab: wanted.name.to_string() }.into());
    }
    refuse_taken(&labs, planned).await?;
    let mut taken = taken(host, &labs).await?;
    Ok(host.state.create(plan::record(host, wanted, planned, &mut taken)?)?)
}

/// A name that somebody else has is not ours to take.
pub(super) async fn refuse_taken(
    labs: &[LabRecord],
    planned: &[PlannedCluster],
) -> Result<(), RunnerError> {
    for cluster in planned {
        let on_record = labs.iter().any(|lab| lab.cluster_called(&cluster.name).is_some());
        if on_record || cluster.provider.is_taken(&cluster.name).await? {
            return Err(RunnerError::NameTaken {
                cluster: cluster.cluster.to_string(),
                name: cluster.name.clone(),
            });
        }
    }
    Ok(())
}

/// What this host cannot give any more.
pub(super) async fn taken(host: &Host, labs: &[LabRecord]) -> Result<Taken, RunnerError> {
    let networks = host.engine().networks().await?;
    let taken = Taken::by(labs, networks.into_iter().flat_map(|network| network.subnets));
    Ok(if host.simulated.is_some() { taken.where_nobody_listens() } else { taken })
}

/// Creates what is planned, in networks that exist or are created first.
pub(super) async fn create(
    host: &Host,
    wanted: &Wanted<'_>,
    planned: Vec<PlannedCluster>,
    store: &LabStore,
) -> Result<Vec<ClusterFailure>, RunnerError> {
    fetch_node_images(host, &planned, store, wanted.timeouts.pull).await?;
    create_networks(host, store).await?;
    let images = Images::new(store.dir(), wanted_images(host, wanted, &planned).await?)?;
    let images = images.pulled_within(wanted.timeouts.pull);
    let slots = Arc::new(Semaphore::new(jobs(host, wanted.jobs)));
    let creations = planned.iter().map(|cluster| {
        let (workload, timeouts) = (wanted.workload, wanted.timeouts);
        let job = Job { host, store, images: &images, cluster, workload, timeouts };
        let slots = Arc::clone(&slots);
        async move {
            let Ok(_slot) = slots.acquire().await else { return Some(job.cancelled()) };
            raise_cluster::raise(job).await.err()
        }
    });
    let failures = tokio::select! {
        biased;
        failures = futures::future::join_all(creations) => failures,
        never = images.prefetch(host) => match never {},
    };
    if host.cancelled.is_cancelled() {
        return Err(RunnerError::Cancelled);
    }
    write_kubeconfig(store)?;
    let failures: Vec<ClusterFailure> = failures.into_iter().flatten().collect();
    let unconnected = routes::connect(host, store).await?;
    match unconnected.into_iter().next() {
        // A lab that is not as asked for; without one of its clusters it is not, either way.
        Some(first) if failures.is_empty() => Err(first.error),
        _ => Ok(failures),
    }
}

/// Every distinct node image is fetched once, before several clusters ask for it at once.
async fn fetch_node_images(
    host: &Host,
    planned: &[PlannedCluster],
    store: &LabStore,
    within: Duration,
) -> Result<(), RunnerError> {
    for cluster in planned {
        for image in &cluster.support {
            let missing = |source| out_of_reach(cluster, image, source);
            fetch_for(host, cluster, image, within).await.map_err(missing)?;
        }
        let images: BTreeSet<&str> =
            cluster.config.nodes.iter().map(|node| node.image.as_str()).collect();
        for image in images {
            fetch_for(host, cluster, image, within).await?;
            let id = host.engine().image_id(image).await?;
            store.update(|record| {
                let Some(cluster) = record.clusters.get_mut(&cluster.cluster) else { return };
                let known = cluster.node_images.values_mut();
                let known = std::iter::once(&mut cluster.image).chain(known);
                for known in known.filter(|known| known.image == image) {
                    known.id.clone_from(&id);
                }
            })?;
        }
    }
    Ok(())
}

async fn fetch_for(
    host: &Host,
    cluster: &PlannedCluster,
    image: &str,
    within: Duration,
) -> Result<(), RunnerError> {
    if host.engine().image_id(image).await?.is_none() {
        let phase = format!("fetching {image}");
        host.events.emit(Event::Phase { cluster: cluster.cluster.to_string(), phase });
        fetch(host, image, within).await?;
    }
    Ok(())
}

/// Nobody asked for this image by name: why it is needed must be said.
fn out_of_reach(cluster: &PlannedCluster, image: &str, error: RunnerError) -> RunnerError {
    match error {
        RunnerError::Tool(error) if error.is_refusal() => RunnerError::ImageOutOfReach {
            cluster: cluster.cluster.to_string(),
            template: cluster.template.name.clone(),
            image: image.to_owned(),
            error: Box::new(error),
        },
        other => other,
    }
}

async fn create_networks(host: &Host, store: &LabStore) -> Result<(), RunnerError> {
    for index in 0..store.record().networks.len() {
        let mut attempt = 1;
        if exists(host, store, index).await? {
            continue;
        }
        loop {
            match create_network(host, store, index).await {
                Err(RunnerError::Tool(error)) if overlaps(&error) && attempt < ATTEMPTS => {
                    attempt += 1;
                    replan_network(host, store, index, &error).await?;
                }
                Err(RunnerError::Tool(error)) if is_name_taken(&error) => {
                    let name = store.record().networks[index].name.clone();
                    return Err(RunnerError::NetworkTaken { name });
                }
                other => break other?,
            }
        }
    }
    Ok(())
}

/// Whether a network of the lab was created before, and still is there. One that was created a
/// moment before its seatrial was killed is known by its labels alone.
async fn exists(host: &Host, store: &LabStore, index: usize) -> Result<bool, RunnerError> {
    let record = store.record();
    let network = &record.networks[index];
    let key = network.id.as_deref().unwrap_or(&network.name);
    let Some(found) = host.engine().network(key).await? else { return Ok(false) };
    if !is_of(&record, &found) {
        return Ok(false);
    }
    store.update(|record| record.networks[index].id = Some(found.id))?;
    Ok(true)
}

async fn create_network(host: &Host, store: &LabStore, index: usize) -> Result<(), RunnerError> {
    let record = store.record();
    let network = &record.networks[index];
    let created = record.created.to_string();
    let labels = [(LAB_LABEL, &*record.name), (CREATED_LABEL, created.as_str())];
    let request = NetworkRequest { name: &network.name, subnet: &network.subnet, labels: &labels };
    let id = host.engine().create_network(&request).await?;
    store.update(|record| record.networks[index].id = Some(id))?;
    Ok(())
}

async fn replan_network(
    host: &Host,
    store: &LabStore,
    index: usize,
    why: &ToolError,
) -> Result<(), RunnerError> {
    let _planning = host.state.planning_lock().await?;
    let mut taken = taken(host, &host.state.labs()?).await?;
    let refused = store.record().networks[index].subnet.clone();
    taken.refuse(&refused);
    let subnet = taken.network()?;
    host.events.emit(Event::PlannedAnew {
        what: format!("network {refused} becomes {subnet}"),
        why: why.stderr().trim().to_owned(),
    });
    store.update(|record| record.networks[index].subnet = subnet)?;
    Ok(())
}

fn overlaps(error: &ToolError) -> bool {
    error.stderr().to_ascii_lowercase().contains("pool overlaps")
}

fn is_name_taken(error: &ToolError) -> bool {
    let said = error.stderr();
    said.contains("network with name") && said.contains("already exists")
}

/// Everything that some node will need beside its own image.
async fn wanted_images(
    host: &Host,
    wanted: &Wanted<'_>,
    planned: &[PlannedCluster],
) -> Result<Vec<String>, RunnerError> {
    let cni = planned.iter().flat_map(|cluster| cluster.cni.images());
    let workload = match wanted.workload {
        Some(workload) => of_workload(host, workload).await?,
        None => Vec::new(),
    };
    Ok(cni.chain(workload).collect())
}

/// How many clusters are created at once.
fn jobs(host: &Host, asked: Option<NonZeroUsize>) -> usize {
    let engine = host.engine().facts();
    let here = if host.simulated.is_some() { None } else { available_memory() };
    let memory = here.unwrap_or(engine.memory);
    let fits = usize::try_from(memory / MEMORY_EACH).unwrap_or(usize::MAX);
    asked.map_or_else(|| fits.clamp(1, engine.cores.max(4)), NonZeroUsize::get)
}

/// What the kernel could hand out without swapping, where it tells.
pub(crate) fn available_memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The lab's own kubeconfig: a context for each cluster that is ready, named like the cluster.
pub(super) fn write_kubeconfig(store: &LabStore) -> Result<(), RunnerError> {
    let record = store.record();
    let mut configs = Vec::new();
    for (cluster, _) in record.clusters.iter().filter(|(_, cluster)| cluster.facts.is_some()) {
        let path = store.kubeconfig(cluster);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| RunnerError::Io { path: path.clone(), source })?;
        configs.push(kubeconfig::renamed(&record.clusters[cluster].name, &text)?);
    }
    let merged = kubeconfig::merged(configs)?;
    write_atomically(&store.dir().join("kubeconfig"), kubeconfig::written(&merged)?.as_bytes())?;
    Ok(())
}
