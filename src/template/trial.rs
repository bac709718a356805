//! The renderings by which a template is tried out: with its defaults, with each bound, each
//! example, each answer to a yes or no, and with what labs and CNIs may ask of it.

use std::collections::BTreeMap;

use super::{ClusterContext, CniContext, NetContext};
use crate::{
    fleet::record::Port,
    model::{
        lab::Parameter,
        template::{FrontMatter, ParameterKind, ParameterSpec},
    },
};

/// One rendering.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What is special about it, such as `workers: 9`.
    pub what: String,
    pub given: BTreeMap<String, Parameter>,
    pub context: ClusterContext,
}

impl ClusterContext {
    /// Values that could be those of a cluster, for a rendering that nothing is made from.
    #[must_use]
    pub fn stand_in(image: &str, ports: &[u16], cni: CniContext) -> Self {
        let hosts = 20_001..;
        Self {
            net: NetContext {
                pods: "10.200.0.0/16".to_owned(),
                services: "10.201.0.0/16".to_owned(),
                api_port: 20_000,
                ports: ports
                    .iter()
                    .zip(hosts)
                    .map(|(node, host)| Port { node: *node, host })
                    .collect(),
            },
            cni,
            image: image.to_owned(),
            node_images: BTreeMap::new(),
        }
    }
}

/// Every rendering that a template must pass.
pub fn trials(front_matter: &FrontMatter) -> Vec<Trial> {
    let base: BTreeMap<String, Parameter> = front_matter
        .parameters
        .iter()
        .filter(|(_, spec)| !spec.is_optional())
        .map(|(name, spec)| (name.clone(), spec.stand_in()))
        .collect();
    let context = |ports: &[u16], replaces_default| {
        let cni = CniContext { name: "some-cni".to_owned(), replaces_default };
        let mut context = ClusterContext::stand_in("registry.example/node:v1.36.4", ports, cni);
        let versions = front_matter.parameters.iter();
        let versions = versions.filter(|(_, spec)| spec.kind == ParameterKind::Version);
        let other = "registry.example/node:v1.35.8";
        context.node_images = versions.map(|(name, _)| (name.clone(), other.to_owned())).collect();
        context
    };
    let usual = context(&[30080, 30081], false);
    let trial = |what: &str, context: &ClusterContext| Trial {
        what: what.to_owned(),
        given: base.clone(),
        context: context.clone(),
    };
    let mut trials = vec![
        trial("the defaults", &usual),
        trial("no ports", &context(&[], false)),
        trial("a CNI of its own", &context(&[30080], true)),
    ];
    for (name, spec) in &front_matter.parameters {
        for value in spec.extremes() {
            let what = format!("{name}: {value}");
            let mut given = base.clone();
            given.insert(name.clone(), value);
            trials.push(Trial { what, given, context: usual.clone() });
        }
    }
    trials
}

impl ParameterSpec {
    /// A value for a parameter that must have one.
    fn stand_in(&self) -> Parameter {
        if let Some(example) = &self.example {
            return example.clone();
        }
        match self.kind {
            ParameterKind::Boolean => Parameter::Boolean(false),
            ParameterKind::Integer => {
                Parameter::Integer(self.minimum.or(self.maximum).unwrap_or(1))
            }
            ParameterKind::Integers | ParameterKind::Strings => Parameter::List(Vec::new()),
            ParameterKind::String => Parameter::String("text".to_owned()),
            ParameterKind::Version => Parameter::String("1.36".to_owned()),
        }
    }

    /// The values at which something may break.
    fn extremes(&self) -> Vec<Parameter> {
        let bounds = [self.minimum, self.maximum].into_iter().flatten();
        let mut values: Vec<Parameter> = match self.kind {
            ParameterKind::Boolean => [false, true].map(Parameter::Boolean).into(),
            ParameterKind::Integer => bounds.map(Parameter::Integer).collect(),
            ParameterKind::Integers => {
                bounds.map(|bound| Parameter::List(vec![Parameter::Integer(bound)])).collect()
            }
            ParameterKind::String | ParameterKind::Strings | ParameterKind::Version => Vec::new(),
        };
        values.extend(self.example.clone());
        values.retain(|value| Some(value) != self.default.as_ref());
        values
    }
}
