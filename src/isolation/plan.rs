//! From paths to probes: every address of every way, and the controls that each needs.

use std::collections::BTreeSet;

use super::{
    Aim, Round, Site,
    probe::{own_way, witness},
};
use crate::model::{isolation::Path, name::Name};

/// What is to be tried, nothing twice.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan {
    pub controls: BTreeSet<Aim>,
    pub paths: BTreeSet<Aim>,
}

impl Plan {
    /// A path whose cluster is not among the sites is left out, and so was never tried.
    #[must_use]
    pub fn of(paths: &[Path], sites: &[Site]) -> Self {
        let site = |name: &Name| sites.iter().find(|site| site.cluster == *name);
        let mut plan = Self::default();
        for path in paths {
            if let (Some(from), Some(to)) = (site(&path.from), site(&path.to)) {
                plan.add(path, from, to);
            }
        }
        plan
    }

    fn add(&mut self, path: &Path, from: &Site, to: &Site) {
        let aim = |from: Option<&Name>, to: &Name, via, target| Aim {
            from: from.cloned(),
            to: to.clone(),
            via,
            target,
        };
        let (source, target) = (&from.cluster, &to.cluster);
        let tries = from.tries(to, path.via).into_iter();
        self.paths.extend(tries.map(|at| aim(Some(source), target, path.via, at)));
        let own = own_way(path.via);
        self.controls.extend(from.at(own).iter().map(|at| aim(Some(source), source, own, *at)));
        let inside = to.at(path.via).iter();
        self.controls.extend(inside.map(|at| aim(witness(path), target, path.via, *at)));
    }

    #[must_use]
    pub const fn of_round(&self, round: Round) -> &BTreeSet<Aim> {
        match round {
            Round::Before | Round::After => &self.controls,
            Round::Paths => &self.paths,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::isolation::{Access, Via};

    fn site(cluster: &str, index: u8) -> Site {
        let at = |text: String| vec![text.parse().unwrap()];
        let addresses = [
            (Via::ApiServer, at(format!("10.199.0.{index}:6443"))),
            (
                Via::Pod,
                [at(format!("10.208.{index}.5:8080")), at(format!("10.208.{index}.6:8080"))]
                    .concat(),
            ),
            (Via::PublishedApi, at(format!("127.0.0.1:2000{index}"))),
        ];
        Site {
            cluster: cluster.parse().unwrap(),
            addresses: addresses.into(),
            gateway: Some("10.199.0.1".parse().unwrap()),
        }
    }

    fn path(from: &str, to: &str, via: Via) -> Path {
        Path { from: from.parse().unwrap(), to: to.parse().unwrap(), via, expect: Access::Deny }
    }

    fn shown(aims: &BTreeSet<Aim>) -> Vec<String> {
        let host = || "host".to_owned();
        let from = |aim: &Aim| aim.from.as_ref().map_or_else(host, ToString::to_string);
        aims.iter().map(|aim| format!("{} {}", from(aim), aim.target)).collect()
    }

    #[rstest]
    #[case::pod(
        Via::Pod,
        &["eu 10.208.2.5:8080", "eu 10.208.2.6:8080"],
        &["eu 10.208.1.5:8080", "eu 10.208.1.6:8080", "us 10.208.2.5:8080", "us 10.208.2.6:8080"]
    )]
    #[case::api_server(
        Via::ApiServer,
        &["eu 10.199.0.2:6443"],
        &["eu 10.199.0.1:6443", "us 10.199.0.2:6443"]
    )]
    #[case::published(
        Via::PublishedApi,
        &["eu 10.199.0.1:20002", "eu 127.0.0.1:20002"],
        &["host 127.0.0.1:20002", "eu 10.199.0.1:6443"]
    )]
    #[case::what_is_not_there(Via::Service, &[], &[])]
    fn every_address_is_tried_and_has_its_controls(
        #[case] via: Via,
        #[case] paths: &[&str],
        #[case] controls: &[&str],
    ) {
        let plan = Plan::of(&[path("eu", "us", via)], &[site("eu", 1), site("us", 2)]);
        assert_eq!(shown(&plan.paths), paths);
        assert_eq!(shown(&plan.controls), controls);
    }

    #[test]
    fn both_directions_share_their_controls() {
        let paths = [path("eu", "us", Via::Pod), path("us", "eu", Via::Pod)];
        let plan = Plan::of(&paths, &[site("eu", 1), site("us", 2)]);
        assert_eq!((plan.paths.len(), plan.controls.len()), (4, 4));
        assert_eq!(Plan::of(&paths, &[site("eu", 1)]), Plan::default());
    }
}
