//! seatrial: sea trials for Kubernetes fleets.

fn main() {}
