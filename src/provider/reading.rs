//! What readers of every provider's own configuration share.

use std::net::IpAddr;

use crate::model::{
    decode::{Decoder, Fields, Read, Reported},
    problem::Problem,
    problems::Problems,
    source::SourceFile,
    tree::{self, Node},
};

/// Where ports listen when nothing is said.
pub(super) const EVERYWHERE: &str = "0.0.0.0";

/// Reads the whole of a configuration.
pub(super) fn whole<T>(
    file: &SourceFile,
    read: impl FnOnce(&mut Decoder, &Node) -> Read<T>,
) -> Result<T, Problems> {
    let mut decoder = Decoder::new(file);
    let root = tree::parse(file, 0..file.text().len(), &mut decoder.problems).ok_or(Reported);
    let read = root.and_then(|root| read(&mut decoder, &root));
    decoder.finish(read)
}

/// Keys whose values are the provider's matter alone.
pub(super) fn pass(fields: &mut Fields<'_, '_>, keys: &[&'static str]) {
    for key in keys {
        fields.node(key);
    }
}

/// Refuses an address that other machines reach.
pub(super) fn loopback(
    decoder: &mut Decoder,
    node: &Node,
    what: &'static str,
    key: &'static str,
    address: &str,
) -> Read<()> {
    if is_loopback(address) {
        return Ok(());
    }
    let problem = Problem::NotLoopback { what, key, address: address.to_owned() };
    Err(decoder.report(&node.named, problem))
}

pub(super) fn is_loopback(address: &str) -> bool {
    address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A directory of the host that nodes are to see, where the template says that they may.
pub(super) fn host_path(
    decoder: &mut Decoder,
    node: &Node,
    path: String,
    allowed: bool,
) -> Read<String> {
    if !path.starts_with('/') {
        return Err(decoder.report(&node.at, Problem::NotAbsolute { path }));
    }
    if allowed { Ok(path) } else { Err(decoder.report(&node.at, Problem::HostMount { path })) }
}
