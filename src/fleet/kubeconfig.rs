//! Kubeconfigs of our own: one file for each cluster, one for the lab, never the user's.

use ::kube::config::Kubeconfig;

use super::FleetError;

/// A provider's kubeconfig with its one cluster, user and context called `cluster`.
pub fn renamed(cluster: &str, text: &str) -> Result<Kubeconfig, FleetError> {
    let error =
        |why: &str| FleetError::Kubeconfig { cluster: cluster.to_owned(), why: why.to_owned() };
    let mut config = Kubeconfig::from_yaml(text).map_err(|e| error(&e.to_string()))?;
    let ([target], [user], [named]) =
        (&mut config.clusters[..], &mut config.auth_infos[..], &mut config.contexts[..])
    else {
        return Err(error("it must hold one cluster, one user and one context"));
    };
    cluster.clone_into(&mut target.name);
    cluster.clone_into(&mut user.name);
    cluster.clone_into(&mut named.name);
    let context = named.context.as_mut().ok_or_else(|| error("its context is empty"))?;
    cluster.clone_into(&mut context.cluster);
    context.user = Some(cluster.to_owned());
    config.current_context = Some(cluster.to_owned());
    Ok(config)
}

/// One file with every cluster's context; the first is the current one.
pub fn merged(configs: Vec<Kubeconfig>) -> Result<Kubeconfig, FleetError> {
    let mut all = Kubeconfig::default();
    for config in configs {
        all = all.merge(config).map_err(|error| FleetError::Kubeconfig {
            cluster: "the lab".to_owned(),
            why: error.to_string(),
        })?;
    }
    Ok(all)
}

/// The file's text.
pub fn written(config: &Kubeconfig) -> Result<String, FleetError> {
    serde_yaml::to_string(config).map_err(|error| FleetError::Kubeconfig {
        cluster: config.current_context.clone().unwrap_or_default(),
        why: error.to_string(),
    })
}
